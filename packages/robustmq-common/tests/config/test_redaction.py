from typing import Any

import pytest
from pydantic import SecretStr

from robustmq_common.config.redaction import REDACTED, names_secret, redacted

CANARY = "canary-4711"


@pytest.mark.parametrize(
    "value",
    [
        SecretStr(CANARY),
        [SecretStr(CANARY)],
        {"password": CANARY},
        {"a": [{"b": {"client_secret": CANARY}}]},
        {"headers": {"Authorization": f"Bearer {CANARY}", "X-Api-Key": CANARY, "Cookie": CANARY}},
        {"token": [CANARY, {"x": CANARY}]},
        [[{"key": CANARY, "access-key": CANARY}]],
        {"credentials": {"user": CANARY}},
        f"redis://user:{CANARY}@host:6379/0",
        {"urls": [f"https://:{CANARY}@host", f"see https://u:{CANARY}@host/path"]},
        ({"pwd": CANARY},),
    ],
)
def test_secrets_are_left_out_at_any_depth(value: Any) -> None:
    assert CANARY not in repr(redacted(value))
    assert REDACTED in repr(redacted(value))


@pytest.mark.parametrize(
    "value",
    [
        "text",
        7,
        None,
        {"url": "https://host:8080/path", "keys": 3, "password": None},
        ["mailto:a@b", "http://user@host/"],
    ],
)
def test_everything_else_stays(value: Any) -> None:
    assert redacted(value) == value


def test_names_say_it() -> None:
    for name in ("password", "PASSWD", "jwt_secret", "api-key", "proxy_authorization", "cookies"):
        assert names_secret(name)
    for name in ("username", "authenticators", "keepalive", "path"):
        assert not names_secret(name)


def test_a_placeholder_is_no_secret() -> None:
    assert redacted({"password": "${password}"}) == {"password": "${password}"}
    assert redacted({"password": "${password} "}) == {"password": REDACTED}
