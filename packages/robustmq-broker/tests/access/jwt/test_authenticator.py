"""The authenticator "jwt" as the chain asks it: allow, deny, no opinion; and its settings."""

from pathlib import Path
from typing import Any

import pytest

from jwt_kit import NOW, SECRET, handmade, private_key, public_pem, token
from memory_loop import run_to_end
from robustmq_broker.access.jwt.authenticator import JwtAuthenticator
from robustmq_broker.access.jwt.settings import JwtConfig
from robustmq_common.errors import ConfigError
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, AuthResult, ClientInfo
from robustmq_common.testing import FakeServices

HMAC = {"algorithms": ["HS256"], "secret": SECRET.decode()}


def new_client(username: str | None = "ann") -> ClientInfo:
    return ClientInfo("meter-7", username, "127.0.0.1:1", "tcp", "MQTT 5.0")


def authenticator(**config: Any) -> JwtAuthenticator:
    one = JwtAuthenticator()
    one.start(FakeServices({"jwt": JwtConfig.model_validate(config)}))
    return one


def ask(one: JwtAuthenticator, client: ClientInfo, password: bytes | None) -> AuthResult:
    result: AuthResult = run_to_end(one.authenticate(client, password))
    return result


def test_a_good_token() -> None:
    client = new_client()
    assert ask(authenticator(**HMAC), client, token()).verdict == ALLOW
    assert (client.username, client.is_superuser, client.expires_at) == ("ann", False, NOW + 3605)


@pytest.mark.parametrize("password", [None, b"", b"secret", b"a.b.c", b"\xff\xfe"])
def test_what_is_no_token_is_for_the_next_link(password: bytes | None) -> None:
    assert ask(authenticator(**HMAC), new_client(), password).verdict == IGNORE


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (token({"exp": NOW - 10}), "expired"),
        (token({"nbf": NOW + 60}), "not valid yet"),
        (token({"iat": NOW + 60}), "future"),
        (token(key=b"another secret, of enough bytes to be one"), "signature is wrong"),
        (token({"aud": "web"}), "not meant for"),
        (handmade({"alg": "none"}, {"exp": NOW + 60}, None), "algorithms"),
        (token({"pad": "x" * 60_000}), "8192 are allowed"),
        (token(kid="k" * 300), "key identifier"),
        (handmade({"alg": "HS256"}, {}), "when it expires"),
    ],
)
def test_a_bad_token_is_denied(text: bytes, reason: str) -> None:
    client = new_client()
    services = FakeServices({"jwt": JwtConfig.model_validate(HMAC)})
    one = JwtAuthenticator()
    one.start(services)
    result = ask(one, client, text)
    assert (result.verdict, result.reason_code) == (DENY, 0x86)
    assert reason in result.reason
    assert client == new_client()
    assert services.metrics.snapshot() == {"authentication.jwt.denied": 1}


def test_a_swapped_algorithm_with_both_kinds_of_keys(tmp_path: Path) -> None:
    path = tmp_path / "issuer.pem"
    path.write_bytes(public_pem("rsa"))
    one = authenticator(**{**HMAC, "algorithms": ["HS256", "RS256"]}, public_key_file=str(path))
    assert ask(one, new_client(), token({}, "RS256", private_key("rsa"))).verdict == ALLOW
    assert ask(one, new_client(), token()).verdict == ALLOW
    for secret in (public_pem("rsa"), public_pem("rsa").strip()):
        forged = handmade({"alg": "HS256"}, {"exp": NOW + 60}, secret)
        assert ask(one, new_client(), forged).verdict == DENY


def test_what_the_token_says_of_the_client() -> None:
    one = authenticator(**HMAC, username_claim="sub", superuser_claim="root")
    client = new_client()
    assert ask(one, client, token({"sub": "bob", "root": True})).verdict == ALLOW
    assert (client.username, client.is_superuser) == ("bob", True)
    for claim in ("true", 1, "yes", [True], None):
        client = new_client()
        assert ask(one, client, token({"sub": "bob", "root": claim})).verdict == ALLOW
        assert not client.is_superuser
    client = new_client()
    assert ask(one, client, token({"root": True})).verdict == DENY
    assert client == new_client()


def test_no_superuser_unless_asked_for() -> None:
    client = new_client()
    assert ask(authenticator(**HMAC), client, token({"is_superuser": True})).verdict == ALLOW
    assert not client.is_superuser


def test_a_field_the_user_name() -> None:
    one = authenticator(**HMAC, field="username")
    client = new_client(token().decode())
    assert ask(one, client, None).verdict == ALLOW
    assert client.username is None
    for text in (token({"exp": 0}), handmade({"alg": "none"}, {}, None), handmade({}, {})):
        bad = new_client(text.decode())
        assert ask(one, bad, None).verdict == DENY
        assert bad.username is None, "a token is not logged, a bad one neither"
    plain = new_client("ann")
    assert ask(one, plain, b"pw").verdict == IGNORE
    assert plain.username == "ann"
    assert ask(one, new_client(None), token()).verdict == IGNORE
    assert ask(one, new_client(""), token()).verdict == IGNORE


def test_no_end_of_the_connection_if_switched_off() -> None:
    client = new_client()
    assert ask(authenticator(**HMAC, disconnect_at_expiry=False), client, token()).verdict == ALLOW
    assert client.expires_at is None


def test_secrets_from_files(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(SECRET + b"\n")
    one = authenticator(algorithms=["HS512"], secret_file=str(path))
    assert ask(one, new_client(), token(algorithm="HS512")).verdict == ALLOW
    import base64

    one = authenticator(
        algorithms=["HS256"], secret=base64.b64encode(SECRET).decode(), secret_base64=True
    )
    assert ask(one, new_client(), token()).verdict == ALLOW


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({}, "jwt.algorithms is empty"),
        ({"algorithms": ["HS256"]}, "has no key"),
        ({"algorithms": ["RS256"], "secret": "x" * 32}, "has no HS256"),
        ({**HMAC, "secret_file": "x"}, "both set"),
        ({"algorithms": ["HS256"], "secret": "short"}, "jwt.secret: it has 5 bytes"),
        ({**HMAC, "secret_base64": True}, "jwt.secret: it is not Base64"),
        ({"algorithms": ["HS256"], "secret_file": "/nowhere"}, "/nowhere: No such file"),
        ({"algorithms": ["RS256"], "public_key_file": "/nowhere"}, "/nowhere: No such file"),
        ({**HMAC, "field": "username", "verify_claims": {"a": "${username}"}}, "is the "),
        (
            {"algorithms": ["RS256"], "jwks_url": "https://a", "jwks_ca_file": "/nowhere"},
            r"certificates for https://a cannot be read \(/nowhere\)",
        ),
    ],
)
def test_bad_configuration(config: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as caught:
        authenticator(**config)
    assert "short" not in str(caught.value)


def test_the_acl_claim() -> None:
    client = new_client()
    assert ask(authenticator(**HMAC), client, token({"acl": {"pub": ["a"]}})).verdict == ALLOW
    assert client.acl is not None
    renamed = authenticator(**HMAC, acl_claim="rules")
    client = new_client()
    assert ask(renamed, client, token({"acl": {"pub": ["a"]}})).verdict == ALLOW
    assert client.acl is None
    for claim in ({"pub": "a"}, None, "a/#"):
        client = new_client()
        assert ask(renamed, client, token({"rules": claim})).verdict == DENY
        assert client == new_client()
