"""Templates: what a client says is escaped for where it stands, and ends nothing there."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustmq_broker.access.http.template import BadTemplate, BadValue, Template

KNOWN = frozenset({"clientid", "username", "password"})
URL = "http://auth.example/v1"
TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def template(**given: Any) -> Template:
    return Template(
        given.get("method", "post"),
        given.get("url", URL),
        given.get("headers", {}),
        given.get("body", {}),
        given.get("form", False),
        KNOWN,
    )


def values(**given: str | None) -> dict[str, str | None]:
    return {"clientid": "c", "username": "u", "password": "p", **given}


def test_json() -> None:
    one = template(body={"id": "mqtt:${clientid}", "user": "${username}", "n": "${username}!"})
    request = one.fill(values(username=None))
    assert request.body is not None
    assert json.loads(request.body) == {"id": "mqtt:c", "user": None, "n": "!"}
    assert request.headers["Content-Type"] == "application/json"
    assert (request.method, request.url) == ("POST", URL)


@settings(deadline=None)
@given(TEXT)
def test_json_is_never_broken_out_of(value: str) -> None:
    request = template(body={"a": "x${username}y", "b": "${username}"}).fill(values(username=value))
    assert request.body is not None
    assert json.loads(request.body) == {"a": f"x{value}y", "b": value}


@settings(deadline=None)
@given(TEXT)
def test_a_form_is_never_broken_out_of(value: str) -> None:
    request = template(form=True, body={"a": "${username}", "b": "1"}).fill(values(username=value))
    assert request.body is not None
    assert parse_qs(request.body.decode(), keep_blank_values=True, strict_parsing=True) == {
        "a": [value],
        "b": ["1"],
    }
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"


@settings(deadline=None)
@given(TEXT)
def test_a_query_is_never_broken_out_of(value: str) -> None:
    one = template(method="get", url=URL + "?x=${clientid}", body={"u": "${username}"})
    parts = urlsplit(one.fill(values(clientid=value, username=value)).url)
    assert (parts.netloc, parts.path, parts.fragment) == ("auth.example", "/v1", "")
    asked = parse_qs(parts.query, keep_blank_values=True, strict_parsing=True)
    assert asked == {"x": [value], "u": [value]}


@settings(deadline=None)
@given(TEXT)
def test_a_path_is_never_broken_out_of(value: str) -> None:
    one = template(method="get", url=URL + "/user/${username}/check")
    try:
        parts = urlsplit(one.fill(values(username=value)).url)
    except BadValue:
        assert value in {"", ".", ".."}
        return
    assert parts.netloc == "auth.example"
    assert parts.path.count("/") == 4
    assert (parts.query, parts.fragment) == ("", "")


@pytest.mark.parametrize(
    "value", ["a\r\nX-Admin: yes", "a\nb", "a\rb", "a\0b", "snow☃", "\x7f", "\x1b"]
)
def test_a_header_is_never_broken_out_of(value: str) -> None:
    one = template(headers={"X-User": "${username}"})
    with pytest.raises(BadValue, match="X-User"):
        one.fill(values(username=value))
    assert one.fill(values(username="ann é")).headers["X-User"] == "ann é"


def test_a_value_is_not_filled_itself() -> None:
    request = template(body={"a": "${username}"}).fill(values(username="${password}"))
    assert request.body == b'{"a": "${password}"}'


@pytest.mark.parametrize(
    ("given_", "reason"),
    [
        ({"body": {"a": "${pasword}"}}, r"no placeholder \$\{pasword\}; there are \$\{clientid\}"),
        ({"body": {"a": "${}"}}, "no placeholder"),
        ({"url": "http://${username}.example/"}, "host"),
        ({"url": "http://user@${clientid}/"}, "host"),
        ({"headers": {"X Y": "1"}}, "'X Y' cannot be the name of a header"),
        ({"headers": {"X\r\nY": "1"}}, "cannot be the name of a header"),
        ({"headers": {"X": "a\r\nY: b"}}, "the header X has a character"),
    ],
)
def test_bad_templates(given_: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadTemplate, match=reason):
        template(**given_)
