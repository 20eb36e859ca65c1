"""Codec cases: packets from bytes and back, without a connection around."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

from bench.counted.case import Case, Ready
from robustmq_mqtt.codec.acks import encode_ack
from robustmq_mqtt.codec.decoder import decode_packet
from robustmq_mqtt.codec.publish import Publish, encode_publish
from robustmq_mqtt.codec.subscribe import encode_suback
from wire import code, encode, prop

TOPIC: Final = "site/7/device/123/state"
PAYLOAD: Final = b"x" * 64

PROPERTIES: Final[tuple[prop.Pair, ...]] = (
    (prop.PAYLOAD_FORMAT_INDICATOR, 1),
    (prop.MESSAGE_EXPIRY_INTERVAL, 3600),
    (prop.CONTENT_TYPE, "text/plain"),
    (prop.CORRELATION_DATA, b"request-1"),
    (prop.USER_PROPERTY, ("unit", "celsius")),
)

STEPS: Final = 2000
LEVELS: Final = {code.V311: "v3.1.1", code.V5: "v5"}


def cases() -> Iterator[Case]:
    for level, version in LEVELS.items():
        for qos in (0, 1):
            frame = encode.publish(level, TOPIC, PAYLOAD, qos=qos, packet_id=7 if qos else None)
            yield _decode(f"PUBLISH qos{qos} {version}", level, frame)
            yield _encode(f"PUBLISH qos{qos} {version}", partial(_publish, level, qos), frame)
        filters = [(TOPIC, 1), ("site/+/device/#", 0)]
        yield _decode(f"SUBSCRIBE {version}", level, encode.subscribe(level, 7, filters))
        yield _decode(f"CONNECT {version}", level, encode.connect(level, "client-1"), 0)
    frame = encode.publish(code.V5, TOPIC, PAYLOAD, qos=1, packet_id=7, properties=PROPERTIES)
    yield _decode("PUBLISH qos1 v5 properties", code.V5, frame)
    yield _encode("PUBLISH qos1 v5 properties", partial(_publish_again, frame), frame)
    yield _decode("PUBACK", code.V311, encode.ack(code.V311, code.PUBACK, 7))
    refused = encode.ack(code.V5, code.PUBACK, 7, code.NOT_AUTHORIZED)
    yield _decode("PUBACK v5 reason code", code.V5, refused)
    ack = partial(encode_ack, code.PUBACK, 7, 0, None, code.V311)
    yield _encode("PUBACK", lambda: ack, b"\x40\x02\x00\x07")
    suback = partial(encode_suback, 7, [1, 0], None, code.V311)
    yield _encode("SUBACK", lambda: suback, b"\x90\x04\x00\x07\x01\x00")


def _decode(what: str, level: int, frame: bytes, version: int | None = None) -> Case:
    given = level if version is None else version
    step = partial(decode_packet, frame, 0, len(frame), given)

    def check() -> None:
        step()  # what is wrong with a packet is raised

    return Case(f"codec/decode {what}", "packet", lambda: Ready(step, check), steps=STEPS)


def _encode(what: str, make: Callable[[], Callable[[], bytes]], frame: bytes) -> Case:
    def prepare() -> Ready:
        step = make()

        def check() -> None:
            assert step() == frame

        return Ready(step, check)

    return Case(f"codec/encode {what}", "packet", prepare, steps=STEPS)


def _publish(level: int, qos: int) -> Callable[[], bytes]:
    packet_id = 7 if qos else 0
    return partial(
        encode_publish, TOPIC.encode(), PAYLOAD, qos, False, False, packet_id, None, level
    )


def _publish_again(frame: bytes) -> Callable[[], bytes]:
    """Encodes what was decoded from a 5.0 frame with properties."""
    packet = decode_packet(frame, 0, len(frame), code.V5)
    assert isinstance(packet, Publish)
    properties = packet.properties
    assert properties is not None
    topic, payload = packet.topic_bytes, packet.payload
    return partial(
        encode_publish, topic, payload, 1, False, False, packet.packet_id, properties, code.V5
    )
