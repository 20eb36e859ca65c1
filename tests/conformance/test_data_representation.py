"""Strings, integers and flag bits on the wire (chapters 1 and 2)."""

from collections.abc import Callable
from typing import Any

import pytest

from wire import Clients, Pingresp, Will, code, encode, levels, prop, unique_id
from wire.primitives import string, u16, varint

ILL_FORMED = {
    "overlong": b"\xc0\x80",
    "overlong slash": b"\xe0\x80\xaf",
    "surrogate": b"\xed\xa0\x80",
    "surrogate pair": b"\xed\xa0\x81\xed\xb0\x81",
    "above U+10FFFF": b"\xf4\x90\x80\x80",
    "cut short": b"caf\xc3",
    "continuation": b"\x80",
    "0xff": b"\xff\xfe",
    "null": b"a\x00b",
}

Build = Callable[[int, bytes], bytes]


def connect_case(name: str, build: Build, *statements: str) -> Any:
    return pytest.param(build, id=name, marks=pytest.mark.normative(*statements))


CONNECT_STRINGS = [
    connect_case(
        "client id",
        encode.connect,
        "3.1.1:MQTT-3.1.3-4",
        "5.0:MQTT-3.1.3-4",
    ),
    connect_case(
        "will topic",
        lambda level, text: encode.connect(level, unique_id(), will=Will(text)),
        "3.1.1:MQTT-3.1.3-10",
        "5.0:MQTT-3.1.3-11",
    ),
    connect_case(
        "user name",
        lambda level, text: encode.connect(level, unique_id(), username=text),
        "3.1.1:MQTT-3.1.3-11",
        "5.0:MQTT-3.1.3-12",
    ),
]


@pytest.mark.normative(
    "3.1.1:MQTT-1.5.3-1", "3.1.1:MQTT-1.5.3-2", "5.0:MQTT-1.5.4-1", "5.0:MQTT-1.5.4-2"
)
@pytest.mark.parametrize("build", CONNECT_STRINGS)
@pytest.mark.parametrize("text", ILL_FORMED.values(), ids=ILL_FORMED)
@levels(code.V311, code.V5)
def test_ill_formed_string_in_connect(
    clients: Clients, level: int, build: Build, text: bytes
) -> None:
    client = clients.socket(level)
    client.send(build(level, text))
    answer = client.bytes_to_end()
    if level == code.V5:
        assert answer[:1] + answer[2:4] == bytes([0x20, 0, code.MALFORMED_PACKET])
    else:
        assert answer == b""


STRINGS = [
    connect_case(
        "topic",
        lambda level, text: encode.publish(level, text, b"x"),
        "3.1.1:MQTT-3.3.2-1",
        "5.0:MQTT-3.3.2-1",
    ),
    connect_case(
        "topic, QoS 1",
        lambda level, text: encode.publish(level, text, b"x", qos=1, packet_id=1),
        "3.1.1:MQTT-3.3.2-1",
        "5.0:MQTT-3.3.2-1",
    ),
    connect_case(
        "filter",
        lambda level, text: encode.subscribe(level, 1, [("good", 0), (text, 0)]),
        "3.1.1:MQTT-3.8.3-1",
        "5.0:MQTT-3.8.3-1",
    ),
    connect_case(
        "unsubscribed filter",
        lambda level, text: encode.unsubscribe(level, 1, ["good", text]),
        "3.1.1:MQTT-3.10.3-1",
        "5.0:MQTT-3.10.3-1",
    ),
]


@pytest.mark.normative(
    "3.1.1:MQTT-1.5.3-1", "3.1.1:MQTT-1.5.3-2", "5.0:MQTT-1.5.4-1", "5.0:MQTT-1.5.4-2"
)
@pytest.mark.parametrize("build", STRINGS)
@pytest.mark.parametrize("text", ILL_FORMED.values(), ids=ILL_FORMED)
@levels(code.V311, code.V5)
def test_ill_formed_string(clients: Clients, level: int, build: Build, text: bytes) -> None:
    client = clients(level)
    client.send(build(level, text))
    client.expect_refused(code.MALFORMED_PACKET)


def publish_with(identifier: int, value: bytes) -> bytes:
    return encode.publish(code.V5, "topic", b"x", properties=[(identifier, value)])


PROPERTY_STRINGS = [
    pytest.param(
        lambda text: publish_with(prop.RESPONSE_TOPIC, string(text)),
        id="response topic",
        marks=pytest.mark.normative("5.0:MQTT-3.3.2-13"),
    ),
    pytest.param(
        lambda text: publish_with(prop.CONTENT_TYPE, string(text)),
        id="content type",
        marks=pytest.mark.normative("5.0:MQTT-3.3.2-19"),
    ),
    pytest.param(
        lambda text: publish_with(prop.USER_PROPERTY, string(text) + string("value")),
        id="name",
        marks=pytest.mark.normative("5.0:MQTT-1.5.7-1"),
    ),
    pytest.param(
        lambda text: publish_with(prop.USER_PROPERTY, string("name") + string(text)),
        id="value",
        marks=pytest.mark.normative("5.0:MQTT-1.5.7-1"),
    ),
    pytest.param(
        lambda text: encode.disconnect(code.V5, 0, [(prop.REASON_STRING, string(text))]),
        id="reason string",
        marks=pytest.mark.normative("5.0:MQTT-1.5.4-1"),
    ),
]


@pytest.mark.parametrize("build", PROPERTY_STRINGS)
@pytest.mark.parametrize("text", ILL_FORMED.values(), ids=ILL_FORMED)
def test_ill_formed_string_in_a_property(
    clients: Clients, build: Callable[[bytes], bytes], text: bytes
) -> None:
    client = clients(code.V5)
    client.send(build(text))
    client.expect_disconnect(code.MALFORMED_PACKET)


@pytest.mark.normative("3.1.1:MQTT-1.5.3-1", "5.0:MQTT-1.5.4-1")
@pytest.mark.parametrize(
    "text", ["\u00e9", "\u20ac", "\ud7ff\ue000", "\uffff", "\U0001f600", "\U0010ffff", "\x01\x7f"]
)
def test_well_formed_strings_are_welcome(
    clients: Clients, level: int, topic: str, text: str
) -> None:
    watcher = clients.subscriber(level, f"{topic}/{text}")
    clients(level).publish(f"{topic}/{text}", b"x")
    watcher.receive(f"{topic}/{text}", b"x")


@pytest.mark.normative("5.0:MQTT-1.5.5-1")
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xc0\x80\x00", id="remaining length 0"),
        pytest.param(b"\x30\x86\x00" + string("abc") + b"\x00", id="remaining length 6"),
        pytest.param(b"\x30\x87\x00" + string("abc") + b"\x80\x00", id="both"),
        pytest.param(b"\x30\x07" + string("abc") + b"\x80\x00", id="property length 0"),
        pytest.param(
            b"\x82" + varint(9) + u16(1) + b"\x80\x00" + string("ab") + b"\x00",
            id="property length of SUBSCRIBE",
        ),
        pytest.param(
            encode.subscribe(code.V5, 1, [("a", 0)], [(prop.SUBSCRIPTION_IDENTIFIER, b"\x81\0")]),
            id="subscription identifier",
        ),
        pytest.param(b"\xc0\xff\xff\xff\xff\x01", id="five bytes"),
        pytest.param(b"\x30\x08" + string("a") + b"\xff\xff\xff\xff\x01", id="property of five"),
    ],
)
def test_variable_byte_integers_are_as_short_as_can_be(clients: Clients, data: bytes) -> None:
    client = clients(code.V5)
    client.send(data)
    client.expect_disconnect(code.MALFORMED_PACKET)


def test_remaining_length_of_five_bytes(clients: Clients, level: int) -> None:
    client = clients(level)
    client.send(b"\x30\xff\xff\xff\xff\x01")
    client.expect_refused(code.MALFORMED_PACKET)


WRONG_FLAGS = [
    *[
        pytest.param(
            kind,
            flags,
            id=f"{name} {flags:04b}",
            marks=pytest.mark.normative(
                "3.1.1:MQTT-2.2.2-1", "3.1.1:MQTT-2.2.2-2", "5.0:MQTT-2.1.3-1", *statements
            ),
        )
        for kind, name, right, statements in (
            (code.PUBACK, "PUBACK", 0, ()),
            (code.PUBREC, "PUBREC", 0, ()),
            (code.PUBREL, "PUBREL", 2, ("3.1.1:MQTT-3.6.1-1", "5.0:MQTT-3.6.1-1")),
            (code.PUBCOMP, "PUBCOMP", 0, ()),
            (code.SUBSCRIBE, "SUBSCRIBE", 2, ("3.1.1:MQTT-3.8.1-1", "5.0:MQTT-3.8.1-1")),
            (code.UNSUBSCRIBE, "UNSUBSCRIBE", 2, ("3.1.1:MQTT-3.10.1-1", "5.0:MQTT-3.10.1-1")),
            (code.PINGREQ, "PINGREQ", 0, ()),
        )
        for flags in (0, 1, 2, 3, 6, 8, 10, 15)
        if flags != right
    ]
]


@pytest.mark.parametrize(("kind", "flags"), WRONG_FLAGS)
@levels(code.V311, code.V5)
def test_wrong_flag_bits(clients: Clients, level: int, kind: int, flags: int) -> None:
    packets = {
        code.SUBSCRIBE: encode.subscribe(level, 1, [("a", 0)], flags=flags),
        code.UNSUBSCRIBE: encode.unsubscribe(level, 1, ["a"], flags=flags),
        code.PINGREQ: encode.packet(0xC0 | flags, b""),
    }
    client = clients(level)
    client.send(packets.get(kind) or encode.ack(level, kind, 1, flags=flags))
    client.expect_refused(code.MALFORMED_PACKET)


@pytest.mark.parametrize("kind", ["SUBSCRIBE", "UNSUBSCRIBE", "PUBREL"])
def test_3_1_marks_repeated_packets_with_dup(clients: Clients, topic: str, kind: str) -> None:
    """MQTT 3.1 (section 2.1) has DUP on these packets when they are sent again."""
    client = clients(code.V31)
    packets = {
        "SUBSCRIBE": encode.subscribe(code.V31, 1, [(topic, 0)], flags=10),
        "UNSUBSCRIBE": encode.unsubscribe(code.V31, 1, [topic], flags=10),
        "PUBREL": encode.ack(code.V31, code.PUBREL, 1, flags=10),
    }
    client.send(packets[kind] + encode.PINGREQ)
    client.packet()
    client.expect(Pingresp)


@pytest.mark.normative("5.0:MQTT-2.1.3-1", "3.1.1:MQTT-2.2.2-1", "5.0:MQTT-3.3.1-2")
def test_qos_0_with_dup(clients: Clients, level: int, topic: str) -> None:
    """[MQTT-3.3.1-2] binds the sender; a broker may take it, but must not pass DUP on."""
    watcher = clients.subscriber(level, topic)
    client = clients(level)
    client.send(encode.publish(level, topic, b"x", dup=True))
    try:
        client.settle()
    except AssertionError:
        return
    assert not watcher.receive(topic, b"x").dup


@pytest.mark.normative("5.0:MQTT-2.2.2-1")
def test_property_length_must_be_there(clients: Clients) -> None:
    client = clients(code.V5)
    client.send(encode.packet(0x30, string("topic")))
    client.expect_disconnect(code.MALFORMED_PACKET)
