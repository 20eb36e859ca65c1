"""CONNECT packets that break section 3.1: 5.0 gets CONNACK with the reason, 3.x a bare close."""

from collections.abc import Callable
from typing import Any

import pytest

from wire import Clients, Connack, Will, code, encode, levels, prop, unique_id
from wire.primitives import string, u16

Build = Callable[[int], bytes]

CLEAN, WILL, WILL_RETAIN, PASSWORD, USER_NAME = 0x02, 0x04, 0x20, 0x40, 0x80


def flagged(flags: int, *, tail: bytes = b"") -> Build:
    """A CONNECT with only a client id and ``tail`` in its payload, and these flags."""
    return lambda level: encode.connect(level, unique_id(), flags=flags, tail=tail)


def cut(count: int) -> Build:
    """A CONNECT whose body ends ``count`` bytes early, with a remaining length to match."""

    def build(level: int) -> bytes:
        whole = encode.connect(level, unique_id(), username="user", password=b"secret")
        return encode.packet(0x10, whole[2:-count])

    return build


def header_only(level: int) -> bytes:
    whole = encode.connect(level, "")
    return encode.packet(0x10, whole[2:-2])


def case(name: str, build: Build, *statements: str) -> Any:
    marks = pytest.mark.normative(*statements) if statements else ()
    return pytest.param(build, id=name, marks=marks)


CASES = [
    case("reserved flag", flagged(CLEAN | 1), "3.1.1:MQTT-3.1.2-3", "5.0:MQTT-3.1.2-3"),
    case(
        "will flag without will",
        flagged(CLEAN | WILL),
        "3.1.1:MQTT-3.1.2-9",
        "5.0:MQTT-3.1.2-9",
    ),
    case(
        "will fields without will flag",
        flagged(CLEAN, tail=string("topic") + string("payload")),
        "3.1.1:MQTT-3.1.2-11",
    ),
    case(
        "will QoS without will flag",
        flagged(CLEAN | 0x08),
        "3.1.1:MQTT-3.1.2-11",
        "3.1.1:MQTT-3.1.2-13",
        "5.0:MQTT-3.1.2-11",
    ),
    case(
        "will QoS 3",
        lambda level: encode.connect(level, unique_id(), will=Will("t", qos=3)),
        "3.1.1:MQTT-3.1.2-14",
        "5.0:MQTT-3.1.2-12",
    ),
    case(
        "will retain without will flag",
        flagged(CLEAN | WILL_RETAIN),
        "3.1.1:MQTT-3.1.2-11",
        "3.1.1:MQTT-3.1.2-15",
        "5.0:MQTT-3.1.2-13",
    ),
    case(
        "user name flag without user name",
        flagged(CLEAN | USER_NAME),
        "3.1.1:MQTT-3.1.2-19",
        "5.0:MQTT-3.1.2-17",
    ),
    case(
        "user name without flag",
        flagged(CLEAN, tail=string("user")),
        "3.1.1:MQTT-3.1.2-18",
        "5.0:MQTT-3.1.2-16",
    ),
    case(
        "password flag without password",
        flagged(CLEAN | USER_NAME | PASSWORD, tail=string("user")),
        "3.1.1:MQTT-3.1.2-21",
        "5.0:MQTT-3.1.2-19",
    ),
    case(
        "password without flag",
        flagged(CLEAN | USER_NAME, tail=string("user") + string("secret")),
        "3.1.1:MQTT-3.1.2-20",
        "5.0:MQTT-3.1.2-18",
    ),
    case("no client id", header_only, "3.1.1:MQTT-3.1.3-3", "5.0:MQTT-3.1.3-3"),
    case("bytes after the end", flagged(CLEAN, tail=b"\0")),
    case("body cut within the password", cut(1)),
    case("body cut within the user name", cut(9)),
    case("empty body", lambda level: encode.packet(0x10, b"")),
    case("name cut short", lambda level: encode.packet(0x10, u16(4) + b"MQ")),
    case(
        "wrong first byte",
        lambda level: encode.connect(level, unique_id(), first_byte=0x11),
        "3.1.1:MQTT-2.2.2-1",
        "3.1.1:MQTT-2.2.2-2",
        "5.0:MQTT-2.1.3-1",
    ),
]


@pytest.mark.normative("3.1.1:MQTT-3.1.4-1", "3.1.1:MQTT-3.2.2-6", "5.0:MQTT-3.1.4-1")
@levels(code.V311, code.V5)
@pytest.mark.parametrize("build", CASES)
def test_malformed_connect(clients: Clients, level: int, build: Build) -> None:
    client = clients.socket(level)
    client.send(build(level))
    answer = client.bytes_to_end()
    if level == code.V5 and answer:
        # The version may lie beyond the damage, so a bare close is right as well.
        assert answer[:3] == bytes([0x20, len(answer) - 2, 0])
        assert answer[3] in {code.MALFORMED_PACKET, code.PROTOCOL_ERROR}
    else:
        assert answer == b""


@pytest.mark.normative("3.1.1:MQTT-3.1.2-22")
@levels(code.V31, code.V311)
def test_password_needs_a_user_name_before_5(clients: Clients, level: int) -> None:
    client = clients.socket(level)
    client.send(encode.connect(level, unique_id(), password=b"secret"))
    client.expect_closed()


def test_user_name_flag_may_lie_in_3_1(clients: Clients) -> None:
    """MQTT 3.1 (section 3.1): a remaining length without room for a flagged user name is valid."""
    client = clients.socket(code.V31)
    client.send(encode.connect(code.V31, unique_id(), flags=CLEAN | USER_NAME))
    assert client.expect(Connack).reason == code.SUCCESS


def test_password_needs_no_user_name_in_5(clients: Clients) -> None:
    clients(code.V5, password=b"secret").quiet()


@pytest.mark.parametrize(
    ("reason", "properties"),
    [
        pytest.param(code.PROTOCOL_ERROR, [(prop.RECEIVE_MAXIMUM, 0)], id="receive maximum 0"),
        pytest.param(code.PROTOCOL_ERROR, [(prop.MAXIMUM_PACKET_SIZE, 0)], id="packet size 0"),
        pytest.param(
            code.PROTOCOL_ERROR, [(prop.REQUEST_RESPONSE_INFORMATION, 2)], id="response info 2"
        ),
        pytest.param(
            code.PROTOCOL_ERROR, [(prop.REQUEST_PROBLEM_INFORMATION, 2)], id="problem info 2"
        ),
        pytest.param(
            code.PROTOCOL_ERROR, [(prop.AUTHENTICATION_DATA, b"x")], id="data without method"
        ),
        pytest.param(
            code.PROTOCOL_ERROR,
            [(prop.SESSION_EXPIRY_INTERVAL, 1), (prop.SESSION_EXPIRY_INTERVAL, 1)],
            id="property twice",
        ),
        pytest.param(code.MALFORMED_PACKET, [(prop.TOPIC_ALIAS, 1)], id="property not allowed"),
        pytest.param(code.MALFORMED_PACKET, [(0x7E, b"\0")], id="unknown property"),
        pytest.param(
            code.MALFORMED_PACKET, [(prop.SESSION_EXPIRY_INTERVAL, b"\0")], id="value cut short"
        ),
    ],
)
@pytest.mark.normative("5.0:MQTT-3.1.4-1", "5.0:MQTT-3.2.2-7", "5.0:MQTT-4.13.2-1")
def test_wrong_connect_properties(
    clients: Clients, reason: int, properties: list[prop.Pair]
) -> None:
    client = clients.socket(code.V5)
    client.send_connect(properties=properties)
    assert client.expect(Connack).reason == reason
    client.expect_closed()


@pytest.mark.parametrize(
    ("reason", "properties"),
    [
        pytest.param(
            code.PROTOCOL_ERROR,
            [(prop.WILL_DELAY_INTERVAL, 1), (prop.WILL_DELAY_INTERVAL, 1)],
            id="property twice",
        ),
        pytest.param(
            code.MALFORMED_PACKET, [(prop.SESSION_EXPIRY_INTERVAL, 1)], id="property not allowed"
        ),
        pytest.param(
            code.PROTOCOL_ERROR, [(prop.PAYLOAD_FORMAT_INDICATOR, 2)], id="payload format 2"
        ),
    ],
)
def test_wrong_will_properties(
    clients: Clients, topic: str, reason: int, properties: list[prop.Pair]
) -> None:
    client = clients.socket(code.V5)
    client.send_connect(will=Will(topic, properties=properties))
    assert client.expect(Connack).reason == reason
    client.expect_closed()


@levels(code.V311, code.V5)
def test_malformed_connect_leaves_nothing_behind(clients: Clients, level: int) -> None:
    online = clients(level)
    client = clients.socket(level)
    client.send(encode.connect(level, online.client_id, clean=False, flags=1))
    client.bytes_to_end()
    online.quiet()
    absent = unique_id()
    client = clients.socket(level)
    client.send(encode.connect(level, absent, clean=False, flags=1))
    client.bytes_to_end()
    assert not clients.socket(level).connect(absent, clean=False).session_present
