"""The table [jwt]: nothing is accepted by default, and what is secret does not show."""

import pytest
from pydantic import ValidationError

from robustmq_broker.access.jwt.settings import JwtConfig


def test_defaults_accept_nothing() -> None:
    config = JwtConfig()
    assert config.algorithms == []
    assert config.superuser_claim is None
    assert config.require_exp


@pytest.mark.parametrize(
    "given",
    [
        {"algorithms": ["none"]},
        {"algorithms": ["hs256"]},
        {"field": "header"},
        {"jwks_url": "file:///etc/passwd"},
        {"jwks_url": "http://"},
        {"jwks_url": "http://a b"},
        {"max_length": 100_000},
        {"verify_claims": {"sub": 7}},
    ],
)
def test_refused(given: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        JwtConfig.model_validate(given)


def test_the_secret_does_not_show() -> None:
    assert "hush" not in repr(JwtConfig.model_validate({"secret": "hush"}))
