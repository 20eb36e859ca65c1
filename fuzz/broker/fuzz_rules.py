"""Feeds the parsers of access rules with damaged files until one raises what it must not.

    python fuzz/broker/fuzz_rules.py --seconds 30 --seed 7
    python fuzz/broker/fuzz_rules.py --input "616c6c6f77"

Every round takes lines of rules, damages them and checks that both parsers return rules or raise
`RuleError` with a line and column that there are, and that rules which were read can be asked about
any topic and filter. A failure prints the input in hex, and the seed, and exits with 1.
"""

import argparse
import random
import sys
import time
import traceback

from robustmq_broker.access.rules.mosquitto_acl import parse_mosquitto
from robustmq_broker.access.rules.rule import RuleList
from robustmq_broker.access.rules.rule_text import RuleError, parse_rules
from robustmq_common.spi.access import ClientInfo

LINES = (
    "allow user alice publish qos=0,1 retain=true sensors/${clientid}/#",
    'deny not (user ~ "a.*" or client c1) and address 10.0.0.0/8 subscribe eq # "a b"',
    'allow cert_cn m and cert_dn "CN=m" and listener tls all *',
    "# a comment",
    "deny anonymous all $SYS/# +/${username}",
    "user alice",
    "topic read a/#",
    "pattern write %u/%c/+",
    "topic deny a",
)
PIECES = (
    *' \t\r\n\0"\\()#+/$*~=,',
    "${clientid}",
    "not ",
    "(",
    "and ",
    "or ",
    "eq ",
    "\u2028",
    "é",
)
TOPICS = ("a", "sensors/c1/x", "$SYS/a", "a/b/c", "+", "#", "a/#", "+/+/b", "$SYS/#")
CLIENTS = (
    ClientInfo("c1", "alice", "10.0.0.1:1", "tls", "MQTT 5.0"),
    ClientInfo("+", "#", "[::1]:1", "tcp", "MQTT 5.0"),
    ClientInfo("a/b", None, "?", "?", "MQTT 5.0"),
)


def damaged(random_: random.Random) -> str:
    """Some lines, with pieces cut out, doubled and put in."""
    text = "\n".join(random_.choices(LINES, k=random_.randint(1, 4)))
    for _ in range(random_.randint(0, 6)):
        at = random_.randint(0, len(text))
        end = min(len(text), at + random_.randint(0, 8))
        new = random_.choice(("", text[at:end] * 2, random_.choice(PIECES)))
        text = text[:at] + new + text[end:]
    return text


def check(text: str) -> bool:
    """Whether some parser reads it; raises what no parser should."""
    read = False
    for parse in (parse_rules, parse_mosquitto):
        try:
            rules = RuleList(parse(text, "f"))
        except RuleError as error:
            if not (1 <= error.line <= text.count("\n") + 1 and error.column >= 1):
                raise AssertionError(f"there is no such place: {error}") from error
            continue
        read = True
        for client in CLIENTS:
            for topic in TOPICS:
                rules.decide(client, "subscribe", topic, 0, False)
                if "+" not in topic and "#" not in topic:
                    rules.decide(client, "publish", topic, 1, True)
    return read


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--input", default=None)
    given = parser.parse_args()
    if given.input is not None:
        check(bytes.fromhex(given.input).decode("utf-8", "surrogatepass"))
        return 0
    seed = random.SystemRandom().randrange(1 << 32) if given.seed is None else given.seed
    random_ = random.Random(seed)
    end = time.monotonic() + given.seconds
    rounds = read = 0
    while rounds < given.rounds or (not given.rounds and time.monotonic() < end):
        text = damaged(random_)
        rounds += 1
        try:
            read += check(text)
        except Exception:  # noqa: BLE001 - that is what it looks for
            traceback.print_exc()
            print(f"seed {seed}, round {rounds}: {text.encode('utf-8', 'surrogatepass').hex()}")
            return 1
    print(f"seed {seed}: {rounds} rounds, {read} read by a parser")
    return 0


if __name__ == "__main__":
    sys.exit(main())
