"""JSON that two parsers might read differently is refused; nothing is quoted in the reason."""

import pytest

from robustmq_broker.access.strict_json import BadJson, parse_object


def test_an_object() -> None:
    assert parse_object(b'{"a": [1, {"b": null}]}') == {"a": [1, {"b": None}]}
    assert parse_object('{"a": "\\u00e9"}') == {"a": "é"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not JSON"),
        (b"secret", "not JSON"),
        (b'{"a": 1} x', "not JSON"),
        (b"[]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"allow"', "not a JSON object"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"x": {"a": 1, "a": 1}}', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": ' + b"1" * 10_000 + b"}", "not JSON"),
        (b'{"a": "\xff"}', "UTF-8"),
        (b'\xef\xbb\xbf{"a": 1}', "not JSON"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested"),
        (b'{"a":' * 50_000, "nested"),
    ],
)
def test_refused(data: bytes, reason: str) -> None:
    with pytest.raises(BadJson, match=reason) as caught:
        parse_object(data)
    assert "secret" not in str(caught.value)
