"""Topic names and filters (4.7) and shared ones (4.8.2): what is valid."""

import pytest

from robustmq_mqtt.codec.errors import PacketError
from robustmq_mqtt.codec.reason_codes import TOPIC_FILTER_INVALID, TOPIC_NAME_INVALID
from robustmq_mqtt.topics import (
    check_topic_filter,
    check_topic_name,
    has_wildcard,
    is_utf8,
    parse_filter,
)

LEVELS = 5


@pytest.mark.parametrize(
    "topic",
    ["a", "/", "//", "a/b", " ", "a b", "$SYS", "$SYS/x", "é/日本", "a/b/c/d/e", "\U0001f600"],
)
def test_names(topic: str) -> None:
    check_topic_name(topic, LEVELS)


@pytest.mark.parametrize(
    "topic", ["", "#", "+", "a/#", "a/+/b", "a+", "a#b", "a/b/c/d/e/f", "/////"]
)
def test_what_is_no_name(topic: str) -> None:
    with pytest.raises(PacketError) as refused:
        check_topic_name(topic, LEVELS)
    assert refused.value.reason_code == TOPIC_NAME_INVALID


FILTERS = [
    "#",
    "+",
    "/",
    "a",
    "a/#",
    "/#",
    "+/#",
    "+/+",
    "/+",
    "a/+/b",
    "$SYS/#",
    "a/b/c/d/#",
    "a b",
]
BAD_FILTERS = [
    *("", "##", "a#", "#/", "#/a", "a/#/b", "#a", "/#/", "+a", "a+", "a/b+/c", "++", "a/++/b"),
    *("+#", "a/b/c/d/e/#", "/////"),
]


@pytest.mark.parametrize("topic_filter", FILTERS)
def test_filters(topic_filter: str) -> None:
    check_topic_filter(topic_filter, LEVELS)
    parsed = parse_filter(topic_filter, LEVELS)
    assert (parsed.topic_filter, parsed.group) == (topic_filter, "")


@pytest.mark.parametrize("topic_filter", BAD_FILTERS)
def test_what_is_no_filter(topic_filter: str) -> None:
    for check in (check_topic_filter, parse_filter):
        with pytest.raises(PacketError) as refused:
            check(topic_filter, LEVELS)
        assert refused.value.reason_code == TOPIC_FILTER_INVALID
        assert refused.value.reason


@pytest.mark.parametrize("topic_filter", FILTERS)
def test_shared_filters(topic_filter: str) -> None:
    parsed = parse_filter(f"$share/group/{topic_filter}", LEVELS)
    assert (parsed.topic_filter, parsed.group) == (topic_filter, "group")


@pytest.mark.parametrize(
    "full",
    [
        *("$share", "$share/", "$share//a", "$share/g", "$share/g/", "$share/+/a", "$share/#/a"),
        *("$share/g+/a", "$share/g#/a"),
        *(f"$share/g/{bad}" for bad in BAD_FILTERS),
    ],
)
def test_what_is_no_shared_filter(full: str) -> None:
    with pytest.raises(PacketError) as refused:
        parse_filter(full, LEVELS)
    assert refused.value.reason_code == TOPIC_FILTER_INVALID


@pytest.mark.parametrize("full", ["$shared/g/a", "$Share/g/a", "x/$share/g"])
def test_what_only_looks_shared(full: str) -> None:
    assert parse_filter(full, LEVELS).group == ""


@pytest.mark.parametrize(("text", "expected"), [("a/b", False), ("a/+", True), ("#", True)])
def test_wildcards(text: str, expected: bool) -> None:
    assert has_wildcard(text) is expected


@pytest.mark.parametrize(
    ("payload", "expected"),
    [(b"", True), ("é".encode(), True), (b"\0", True), (b"\xff", False), (b"\xed\xa0\x80", False)],
)
def test_text(payload: bytes, expected: bool) -> None:
    assert is_utf8(payload) is expected
