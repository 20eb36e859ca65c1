"""Feeds what reads tokens, JWK Sets and access services' answers with damaged ones.

    python fuzz/broker/fuzz_tokens.py --seconds 30 --seed 7
    python fuzz/broker/fuzz_tokens.py --input token:65794a...

A damaged input is read or refused with the error of its kind; a token that is not byte for byte a
signed one never gets in. A failure prints the input, after its kind, in hex.
"""

import argparse
import base64
import hashlib
import hmac
import json
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "codec"))

from mutation import Mutator

from robustmq_broker.access.http.answers import BadAnswer, read_answer
from robustmq_broker.access.jwt.acl import read_acl
from robustmq_broker.access.jwt.claims import ClaimRules, check_claims
from robustmq_broker.access.jwt.keys import BadKey, key_set, secret_key
from robustmq_broker.access.jwt.token import BadToken, NotAToken, parse_token
from robustmq_broker.access.jwt.verify import Signatures
from robustmq_broker.access.strict_json import BadJson, parse_object
from robustmq_common.spi.access import ClientInfo

SECRET = b"s" * 64
ALGORITHMS = ["HS256", "HS384", "HS512", "RS256", "ES256", "EdDSA"]
SIGNATURES = Signatures(ALGORITHMS)
KEYS = [secret_key(SECRET, ALGORITHMS)]
CLIENT = ClientInfo("c", "u", "127.0.0.1:1", "tcp", "MQTT 5.0")
CLAIMS = b'{"exp":1700000060,"nbf":1,"iat":1,"iss":"i","aud":["a"],"sub":"c","acl":{"pub":["a/+"]}}'


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _token(header: bytes) -> bytes:
    signed = _encoded(header) + b"." + _encoded(CLAIMS)
    return signed + b"." + _encoded(hmac.new(SECRET, signed, hashlib.sha256).digest())


GOOD = _token(b'{"alg":"HS256","kid":"k"}')
OTHERS = [_token(b'{"alg":"%s"}' % name) for name in (b"none", b"RS256", b"ES256", b"EdDSA")]


def try_token(data: bytes) -> None:
    """Only what we have signed gets in."""
    SIGNATURES.claims(parse_token(data, 8192), KEYS)
    assert data == GOOD, "a token that nobody signed gets in"


def try_claims(data: bytes) -> None:
    """Claims are enough, or not."""
    rules = ClaimRules(5.0, True, ("i",), ("a",), {"sub": "${clientid}"})
    claims = parse_object(data)
    check_claims(claims, rules, CLIENT, 1_700_000_000.0)
    read_acl(claims.get("acl")).decide(CLIENT, "subscribe", "a/#", 0, False)


def try_keys(data: bytes) -> None:
    """A set of keys, or none."""
    assert len(key_set(data, 8)) <= 8


def try_answer(data: bytes) -> None:
    """An answer says yes only if it has the words."""
    answer = read_answer(200, data)
    assert json.loads(data)["result"] in {"allow", "deny", "ignore"}
    assert answer.expires_at is None or answer.expires_at == answer.expires_at


ACL = b'{"acl":[{"permission":"allow","action":"all","topic":"eq a/#","qos":[0,1],"retain":true}],'
JWK = {"kty": "oct", "k": _encoded(SECRET).decode(), "kid": "k", "use": "sig", "alg": "HS256"}
EC = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}
Check = Callable[[bytes], None]
KINDS: dict[str, tuple[Check, list[bytes]]] = {
    "token": (try_token, [GOOD, *OTHERS]),
    "claims": (try_claims, [CLAIMS, ACL + CLAIMS[1:]]),
    "keys": (try_keys, [json.dumps({"keys": [JWK, EC]}).encode()]),
    "answer": (
        try_answer,
        [b'{"result":"allow","is_superuser":true,"expire_at":17}', b'{"result":"deny"}'],
    ),
}
REFUSALS = (NotAToken, BadToken, BadKey, BadAnswer, BadJson)


def survives(kind: str, data: bytes) -> bool:
    """Check one input; print it and what went wrong if it breaks a rule."""
    try:
        KINDS[kind][0](data)
    except REFUSALS:
        return True
    except Exception:  # noqa: BLE001 - whatever it is, it is what we look for
        traceback.print_exc(file=sys.stdout)
        print(f"FAILED: input {kind}:{data.hex()}", flush=True)
        return False
    return True


def run(seed: int, rounds: int | None, seconds: float | None) -> int:
    """Fuzz until `rounds` or `seconds` are over; return the exit code."""
    print(f"seed {seed}", flush=True)
    chance = random.Random(seed)
    mutators = {kind: Mutator(chance, seeds) for kind, (_, seeds) in KINDS.items()}
    begin, done = time.monotonic(), 0
    while rounds is None or done < rounds:
        if seconds is not None and time.monotonic() - begin >= seconds:
            break
        done += 1
        kind = chance.choice(list(KINDS))
        if not survives(kind, mutators[kind].next()):
            print(f"seed {seed}, round {done}", flush=True)
            return 1
    print(f"done, {done} rounds", flush=True)
    return 0


def main() -> int:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(description="Fuzz tokens, keys and answers.")
    parser.add_argument("--seconds", type=float, help="how long to run (default: 30)")
    parser.add_argument("--rounds", type=int, help="how many inputs to try instead")
    parser.add_argument("--seed", type=int, help="repeat a run (default: a new one)")
    parser.add_argument("--input", help="check only this input, kind:hex")
    arguments = parser.parse_args()
    if arguments.input is not None:
        kind, _, text = arguments.input.partition(":")
        return 0 if survives(kind, bytes.fromhex(text)) else 1
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 32)
    seconds = arguments.seconds
    if seconds is None and arguments.rounds is None:
        seconds = 30.0
    return run(seed, arguments.rounds, seconds)


if __name__ == "__main__":
    sys.exit(main())
