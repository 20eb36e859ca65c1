"""Topic names, topic filters and how they match (section 4.7)."""

from collections.abc import Callable
from typing import Any

import pytest

from wire import Clients, Closed, Disconnect, Suback, code, encode, levels, unique_topic

# filter, topics it matches, topics it does not; all under a prefix unless they begin with "/".
MATCHES: list[tuple[str, list[str], list[str]]] = [
    ("sport/tennis/player1", ["sport/tennis/player1"], ["sport/tennis", "sport/tennis/player1/x"]),
    ("sport/#", ["sport", "sport/", "sport/a", "sport/a/b/c"], ["sports", "spor", "a/sport"]),
    ("+", ["a", ""], ["a/b", "/a", "a/"]),
    ("+/b", ["a/b", "/b"], ["a/b/c", "b", "a/c"]),
    ("a/+/c", ["a/b/c", "a//c"], ["a/c", "a/b/d", "a/b/c/d", "a/b/b/c"]),
    ("a/+/+", ["a/b/c", "a//"], ["a/b", "a/b/c/d"]),
    ("+/+/#", ["a/b", "a/b/c", "/"], ["a"]),
    ("a/+/#", ["a/b", "a/b/c", "a/"], ["a", "b/a"]),
    ("a//b", ["a//b"], ["a/b", "a///b"]),
    ("/a", ["/a"], ["a", "/a/"]),
    ("a/", ["a/"], ["a", "a//"]),
    ("A/b", ["A/b"], ["a/b", "A/B"]),
    ("a.b/c*", ["a.b/c*"], ["axb/c", "a.b/cc"]),
]


@pytest.mark.normative(
    "3.1.1:MQTT-3.3.2-3",
    "3.1.1:MQTT-4.7.1-2",
    "3.1.1:MQTT-4.7.1-3",
    "3.1.1:MQTT-4.7.3-4",
    "5.0:MQTT-3.3.2-3",
    "5.0:MQTT-4.7.1-1",
    "5.0:MQTT-4.7.1-2",
    "5.0:MQTT-4.7.3-4",
)
@pytest.mark.parametrize(("name", "matching", "other"), MATCHES, ids=[m[0] for m in MATCHES])
@levels(code.V311, code.V5)
def test_filter_matches(
    clients: Clients, level: int, topic: str, name: str, matching: list[str], other: list[str]
) -> None:
    watcher = clients.subscriber(level, f"{topic}/{name}")
    publisher = clients(level)
    for suffix in other + matching + other:
        publisher.send_publish(f"{topic}/{suffix}", suffix.encode())
    publisher.settle()
    received = [(message.topic, message.payload) for message in watcher.drain()]
    assert received == [(f"{topic}/{suffix}", suffix.encode()) for suffix in matching]


@pytest.mark.normative("3.1.1:MQTT-4.7.1-3", "5.0:MQTT-4.7.1-2")
@pytest.mark.parametrize("name", ["#", "+/+/#", "+/+/x", "test/+/x", "+/#"])
def test_leading_wildcards(clients: Clients, level: int, topic: str, name: str) -> None:
    watcher = clients.subscriber(level, name)
    watcher.drain()
    clients(level).publish(topic + "/x", b"found")
    assert [m.topic for m in watcher.drain() if m.payload == b"found"] == [topic + "/x"]


@pytest.mark.normative("3.1.1:MQTT-4.7.3-4", "5.0:MQTT-4.7.3-4")
@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("\u00e9", "e\u0301"),
        ("\u212b", "\u00c5"),
        ("\ufb01", "fi"),
        ("\u00df", "ss"),
        ("a b", "a  b"),
        ("x", "x\ufeff"),
        ("%2f", "/"),
    ],
    ids=["accent", "angstrom", "ligature", "sharp s", "spaces", "byte order mark", "percent"],
)
def test_topics_are_not_normalised(
    clients: Clients, level: int, topic: str, one: str, two: str
) -> None:
    watcher = clients.subscriber(level, f"{topic}/{one}")
    publisher = clients(level)
    publisher.publish(f"{topic}/{two}", b"not this")
    publisher.publish(f"{topic}/{one}", b"this")
    watcher.receive(f"{topic}/{one}", b"this")
    watcher.quiet()


@pytest.mark.normative("3.1.1:MQTT-1.5.3-3", "5.0:MQTT-1.5.4-3")
@pytest.mark.parametrize("text", ["\ufeffa", "a\ufeff", "a/\ufeff/b", "\ufeff"])
def test_byte_order_mark_is_kept(clients: Clients, level: int, topic: str, text: str) -> None:
    watcher = clients.subscriber(level, f"{topic}/{text}")
    clients(level).publish(f"{topic}/{text}", b"x")
    watcher.receive(f"{topic}/{text}")


@pytest.mark.normative("3.1.1:MQTT-4.7.2-1", "5.0:MQTT-4.7.2-1")
@pytest.mark.parametrize("name", ["#", "+/#", "+/brokers/#", "+/+/+", "+/+/+/+"])
def test_system_topics_are_hidden_from_leading_wildcards(
    clients: Clients, level: int, name: str
) -> None:
    informed = clients.subscriber(level, "$SYS/#")
    system = informed.receive()
    assert system.topic.startswith("$SYS/")
    watcher = clients.subscriber(level, name)
    assert [m.topic for m in watcher.drain() if m.topic.startswith("$")] == []


@pytest.mark.normative("3.1.1:MQTT-4.7.2-1", "5.0:MQTT-4.7.2-1")
def test_dollar_topics_of_clients(clients: Clients, level: int, topic: str) -> None:
    own = "$" + topic
    hidden = [clients.subscriber(level, name) for name in ("#", "+/+", "+/" + topic[5:])]
    for watcher in hidden:
        watcher.drain()
    told = clients.subscriber(level, own, "$test/+", "$test/#")
    clients(level).publish(own, b"x", 1)
    told.receive(own, b"x")
    told.quiet()
    for watcher in hidden:
        assert [m.topic for m in watcher.drain() if m.topic.startswith("$")] == []


@pytest.mark.parametrize("retain", [False, True])
def test_system_topics_are_for_the_broker(clients: Clients, level: int, retain: bool) -> None:
    name = "$SYS/" + unique_topic()
    watcher = clients.subscriber(level, name)
    reason = clients(level).publish(name, b"forged", 1, retain=retain)
    assert reason == (code.NOT_AUTHORIZED if level == code.V5 else code.SUCCESS)
    watcher.quiet()
    clients.subscriber(level, name).quiet()


@pytest.mark.normative("3.1.1:MQTT-4.7.3-3", "5.0:MQTT-4.7.3-3")
@levels(code.V311, code.V5)
def test_longest_topic(clients: Clients, level: int, topic: str) -> None:
    longest = topic + "/" + "x" * (65535 - len(topic) - 1)
    watcher = clients.subscriber(level, longest)
    clients(level).publish(longest, b"far")
    watcher.receive(longest, b"far")


@pytest.mark.normative(
    "3.1.1:MQTT-3.3.2-2", "3.1.1:MQTT-4.7.1-1", "5.0:MQTT-3.3.2-2", "5.0:MQTT-4.7.0-1"
)
@pytest.mark.parametrize("suffix", ["/#", "/+", "/+/x", "#", "+", "/a+b", "/a#b"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_wildcards_in_a_topic_name(
    clients: Clients, level: int, topic: str, suffix: str, qos: int
) -> None:
    watcher = clients.subscriber(level, topic + "/#")
    client = clients(level)
    client.send_publish(topic + suffix, b"x", qos)
    client.expect_refused(code.TOPIC_NAME_INVALID)
    watcher.quiet()


@pytest.mark.normative("3.1.1:MQTT-4.7.3-1", "5.0:MQTT-4.7.3-1")
def test_empty_topic_name(clients: Clients, level: int) -> None:
    client = clients(level)
    client.send_publish("", b"x")
    client.expect_refused(code.PROTOCOL_ERROR)


def invalid(name: str, *statements: str) -> Any:
    return pytest.param(name, id=name or "empty", marks=pytest.mark.normative(*statements))


INVALID_FILTERS = [
    invalid("", "3.1.1:MQTT-4.7.3-1", "5.0:MQTT-4.7.3-1"),
    *[
        invalid(name, "3.1.1:MQTT-4.7.1-2", "5.0:MQTT-4.7.1-1")
        for name in ("#/a", "a/#/b", "a#", "a/b#", "##", "#a")
    ],
    *[
        invalid(name, "3.1.1:MQTT-4.7.1-3", "5.0:MQTT-4.7.1-2")
        for name in ("a+", "+a", "a/b+/c", "a/+b", "++", "+#")
    ],
]


@pytest.mark.parametrize("name", INVALID_FILTERS)
@levels(code.V311, code.V5)
def test_invalid_filter_is_not_granted(clients: Clients, level: int, topic: str, name: str) -> None:
    client = clients(level)
    client.send(encode.subscribe(level, 1, [(name, 0)]))
    try:
        answer = client.packet()
    except Closed:
        assert level != code.V5
        return
    if isinstance(answer, Suback):
        failure = code.TOPIC_FILTER_INVALID if level == code.V5 else 0x80
        assert answer.reasons == (failure,)
        client.quiet()
    else:
        assert isinstance(answer, Disconnect)
        client.expect_closed()


@pytest.mark.parametrize(
    "make",
    [
        lambda level, name: encode.publish(level, name, b"x"),
        lambda level, name: encode.subscribe(level, 1, [(name, 0)]),
        lambda level, name: encode.unsubscribe(level, 1, [name]),
    ],
    ids=["publish", "subscribe", "unsubscribe"],
)
@pytest.mark.normative(
    "3.1.1:MQTT-1.5.3-2", "3.1.1:MQTT-4.7.3-2", "5.0:MQTT-1.5.4-2", "5.0:MQTT-4.7.3-2"
)
def test_null_character_in_a_topic(
    clients: Clients, level: int, make: Callable[[int, str], bytes]
) -> None:
    client = clients(level)
    client.send(make(level, "a\0b"))
    client.expect_refused(code.MALFORMED_PACKET)
