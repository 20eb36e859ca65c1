"""The reader of `wire`: what it must not let pass, because the other tests rely on it."""

import pytest

from wire import Connack, Publish, Suback, WireError, code, prop
from wire.packets import read
from wire.primitives import Cursor, string, varint


def parse(level: int, data: bytes) -> object:
    cursor = Cursor(data)
    first_byte, length = cursor.u8(), cursor.varint()
    return read(level, first_byte, cursor.take(length))


WRONG = {
    "CONNACK with reserved flags": (code.V5, b"\x20\x03\x02\x00\x00"),
    "CONNACK with fixed header flags": (code.V5, b"\x21\x03\x00\x00\x00"),
    "CONNACK 3.1 with session present": (code.V31, b"\x20\x02\x01\x00"),
    "CONNACK with an unknown code": (code.V5, b"\x20\x03\x00\x8e\x00"),
    "CONNACK 3.1.1 with an unknown code": (code.V311, b"\x20\x02\x00\x06"),
    "CONNACK that refuses with a session": (code.V5, b"\x20\x03\x01\x87\x00"),
    "CONNACK without properties": (code.V5, b"\x20\x02\x00\x00"),
    "CONNACK with more than that": (code.V311, b"\x20\x03\x00\x00\x00"),
    "PUBLISH with QoS 3": (code.V311, b"\x36\x05\x00\x01a\x00\x01"),
    "PUBLISH with QoS 0 and DUP": (code.V311, b"\x38\x03\x00\x01a"),
    "PUBLISH with packet id 0": (code.V311, b"\x32\x05\x00\x01a\x00\x00"),
    "PUBLISH without a topic": (code.V5, b"\x30\x03\x00\x00\x00"),
    "PUBLISH with a wildcard": (code.V311, b"\x30\x03\x00\x01#"),
    "PUBLISH with ill-formed UTF-8": (code.V311, b"\x30\x03\x00\x01\xff"),
    "PUBLISH with U+0000": (code.V311, b"\x30\x03\x00\x01\x00"),
    "PUBLISH with alias 0": (code.V5, b"\x30\x07\x00\x01a\x03\x23\x00\x00"),
    "property twice": (code.V5, b"\x30\x08\x00\x01a\x04\x01\x00\x01\x00"),
    "property not allowed": (code.V5, b"\x30\x06\x00\x01a\x02\x24\x00"),
    "property cut short": (code.V5, b"\x30\x06\x00\x01a\x02\x02\x00"),
    "property length too long": (code.V5, b"\x30\x05\x00\x01a\x81\x00"),
    "PUBACK with packet id 0": (code.V311, b"\x40\x02\x00\x00"),
    "PUBACK with an unknown code": (code.V5, b"\x40\x03\x00\x01\x92"),
    "PUBACK 3.1.1 with a code": (code.V311, b"\x40\x03\x00\x01\x00"),
    "PUBREL with flags 0": (code.V311, b"\x60\x02\x00\x01"),
    "SUBACK with an unknown code": (code.V311, b"\x90\x03\x00\x01\x03"),
    "SUBACK 3.1.1 with a code of 5.0": (code.V311, b"\x90\x03\x00\x01\x87"),
    "UNSUBACK 3.1.1 with a code": (code.V311, b"\xb0\x03\x00\x01\x00"),
    "PINGRESP with a body": (code.V311, b"\xd0\x01\x00"),
    "DISCONNECT to 3.1.1": (code.V311, b"\xe0\x00"),
    "DISCONNECT with a code of the client": (code.V5, b"\xe0\x01\x04"),
    "DISCONNECT with a session expiry": (code.V5, b"\xe0\x07\x00\x05\x11\x00\x00\x00\x01"),
    "AUTH to 3.1.1": (code.V311, b"\xf0\x00"),
    "AUTH with an unknown code": (code.V5, b"\xf0\x02\x01\x00"),
    "SUBSCRIBE from a server": (code.V311, b"\x82\x06\x00\x01\x00\x01a\x00"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_packet_is_noticed(name: str) -> None:
    with pytest.raises(WireError):
        parse(*WRONG[name])


def test_right_packets_are_read() -> None:
    connack = parse(code.V5, b"\x20\x06\x00\x00\x03\x21\x00\x0a")
    assert isinstance(connack, Connack)
    assert connack.properties.number(prop.RECEIVE_MAXIMUM) == 10
    publish = parse(code.V5, b"\x3b\x0c\x00\x01a\x00\x07\x04\x0b\x01\x0b\x02hi")
    assert isinstance(publish, Publish)
    assert (publish.qos, publish.dup, publish.retain, publish.packet_id) == (1, True, True, 7)
    assert publish.properties.all(prop.SUBSCRIPTION_IDENTIFIER) == [1, 2]
    suback = parse(code.V5, b"\x90\x05\x00\x01\x00\x01\x87")
    assert isinstance(suback, Suback)
    assert suback.reasons == (1, 0x87)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, b"\x00"),
        (127, b"\x7f"),
        (128, b"\x80\x01"),
        (16383, b"\xff\x7f"),
        (16384, b"\x80\x80\x01"),
        (268435455, b"\xff\xff\xff\x7f"),
    ],
)
def test_variable_byte_integers(value: int, encoded: bytes) -> None:
    """The borders of table 1-1 of the standard."""
    assert varint(value) == encoded
    assert Cursor(encoded).varint() == value


@pytest.mark.parametrize(
    "encoded", [b"\x80\x00", b"\xff\x80\x00", b"\xff\xff\xff\xff\x01", b"\x80"]
)
def test_wrong_variable_byte_integers(encoded: bytes) -> None:
    with pytest.raises(WireError):
        Cursor(encoded).varint()


def test_strings() -> None:
    assert string("\u20ac") == b"\x00\x03\xe2\x82\xac"
    assert Cursor(b"\x00\x03\xe2\x82\xac").string() == "\u20ac"
