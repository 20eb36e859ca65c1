"""The tables [http_auth] and [http_acl]: addresses, and headers that do not show."""

import pytest
from pydantic import ValidationError

from robustmq_broker.access.http.settings import HttpAclConfig, HttpAuthConfig


def test_defaults() -> None:
    assert HttpAuthConfig().url is None
    assert "${password}" in HttpAuthConfig().body.values()
    assert "${password}" not in HttpAclConfig().body.values()


@pytest.mark.parametrize(
    "url", ["ftp://a", "http://", "a", "http://a b", "http://a/#x", "http://${x}"]
)
def test_bad_addresses(url: str) -> None:
    with pytest.raises(ValidationError):
        HttpAuthConfig.model_validate({"url": url})


def test_headers_do_not_show() -> None:
    config = HttpAuthConfig.model_validate({"headers": {"Authorization": "Bearer hush"}})
    assert "hush" not in repr(config)
