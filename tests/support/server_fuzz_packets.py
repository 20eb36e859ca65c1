"""The packets that the server's fuzzer begins with: right ones, out of small sets of everything."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from wire import code, encode, prop
from wire.encode import Will

LEVELS: Final = (code.V5, code.V311, code.V31)
TOPICS: Final = ("a", "a/b", "$SYS/x", "", "a/+", "é/\U0001f600", "/", "x" * 60)
FILTERS: Final = (
    *("a", "a/+", "#", "$share/g/a/#", "$share/g/a", "+/b", "$SYS/#", "a/#/b", "", "$share/g"),
)
IDENTIFIERS: Final = ("one", "two", "")


def pick(choices: Sequence[Any], detail: int) -> Any:
    return choices[detail % len(choices)]


def connect(level: int, detail: int) -> bytes:
    properties: list[prop.Pair] = []
    if level == code.V5:
        properties = pick(
            [
                [],
                [(prop.SESSION_EXPIRY_INTERVAL, 100)],
                [(prop.SESSION_EXPIRY_INTERVAL, 0xFFFFFFFF), (prop.TOPIC_ALIAS_MAXIMUM, 2)],
                [(prop.RECEIVE_MAXIMUM, 1), (prop.SESSION_EXPIRY_INTERVAL, 50)],
                [(prop.MAXIMUM_PACKET_SIZE, 40)],
                [(prop.REQUEST_PROBLEM_INFORMATION, 0), (prop.REQUEST_RESPONSE_INFORMATION, 1)],
                [(prop.AUTHENTICATION_METHOD, "M"), (prop.AUTHENTICATION_DATA, b"x")],
                [(prop.USER_PROPERTY, ("k", "v")), (prop.TOPIC_ALIAS_MAXIMUM, 1)],
            ],
            detail,
        )
    will = None
    if detail & 0x40:
        delay = [(prop.WILL_DELAY_INTERVAL, 20)] if level == code.V5 and detail & 0x20 else []
        will = Will("a", b"will", detail >> 3 & 1, bool(detail & 0x10), delay)
    return encode.connect(
        level,
        pick(IDENTIFIERS, detail >> 2),
        clean=bool(detail & 0x80),
        keep_alive=pick([0, 10, 60], detail >> 4),
        will=will,
        username=pick([None, "yes", "yes", "no"], detail >> 5),
        properties=properties,
    )


def publish(level: int, detail: int) -> bytes:
    qos = detail % 3
    properties: list[prop.Pair] = []
    if level == code.V5:
        properties = pick(
            [
                [],
                [],
                [(prop.TOPIC_ALIAS, 1)],
                [(prop.MESSAGE_EXPIRY_INTERVAL, 15), (prop.CONTENT_TYPE, "t")],
                [(prop.USER_PROPERTY, ("k", "v")), (prop.RESPONSE_TOPIC, "r")],
                [(prop.PAYLOAD_FORMAT_INDICATOR, 1)],
            ],
            detail >> 1,
        )
    payload = pick([b"", b"x", b"\xff", bytes(150)], detail >> 2)
    return encode.publish(
        level,
        pick(TOPICS if detail & 0x80 else TOPICS[:2], detail >> 3),
        payload,
        qos=qos,
        packet_id=1 + (detail >> 4) % 4 if qos else None,
        retain=bool(detail & 0x40),
        dup=bool(qos and detail & 0x20),
        properties=properties,
    )


def subscribe(level: int, detail: int) -> bytes:
    options = detail % 3
    properties: list[prop.Pair] = []
    if level == code.V5:
        options |= pick([0, 0x04, 0x08, 0x10, 0x20], detail >> 1)
        if detail & 0x40:
            properties = [(prop.SUBSCRIPTION_IDENTIFIER, 1 + detail)]
    filters = [(pick(FILTERS if detail & 0x80 else FILTERS[:5], detail >> 2), options)]
    if detail & 0x20:
        filters.append((pick(FILTERS, detail >> 3), 1))
    return encode.subscribe(level, 1 + detail % 9, filters, properties)


def unsubscribe(level: int, detail: int) -> bytes:
    return encode.unsubscribe(level, 1 + detail % 9, [pick(FILTERS, detail)])


def acknowledge(packet_type: int) -> Callable[[int, int], bytes]:
    def build(level: int, detail: int) -> bytes:
        reason = 0
        if level == code.V5 and detail & 0x30 == 0x30:
            reason = 0x92 if packet_type in (code.PUBREL, code.PUBCOMP) else 0x80
        return encode.ack(level, packet_type, 1 + detail % 4, reason)

    return build


def disconnect(level: int, detail: int) -> bytes:
    properties: list[prop.Pair] | None = None
    if detail & 1:
        properties = [(prop.SESSION_EXPIRY_INTERVAL, pick([0, 30, 0xFFFFFFFF], detail >> 1))]
    return encode.disconnect(level, pick([0, 4, 0x80], detail >> 3), properties)


def auth(_level: int, detail: int) -> bytes:
    properties: list[prop.Pair] = [
        (prop.AUTHENTICATION_METHOD, "M" if detail & 7 else "N"),
        (prop.AUTHENTICATION_DATA, pick([b"x", b"bad"], detail >> 3)),
    ]
    return encode.auth(pick([0x18, 0x19, 0x00], detail >> 4), properties)


PACKETS: Final[tuple[Callable[[int, int], bytes], ...]] = (
    *(connect, publish, publish, publish, subscribe, subscribe, unsubscribe),
    acknowledge(code.PUBACK),
    acknowledge(code.PUBREC),
    acknowledge(code.PUBREL),
    acknowledge(code.PUBCOMP),
    *(disconnect, auth),
    lambda _level, _detail: encode.PINGREQ,
)
