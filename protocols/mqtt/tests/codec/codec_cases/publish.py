"""PUBLISH."""

from codec_cases.case import Case, invalid, properties, valid
from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.publish import Publish, new_publish
from robustmq_mqtt.codec.reason_codes import MALFORMED_PACKET, PROTOCOL_ERROR, TOPIC_ALIAS_INVALID
from robustmq_mqtt.codec.wire import V3, V4, V5


def published(
    topic: str,
    payload: bytes = b"",
    *,
    qos: int = 0,
    packet_id: int = 0,
    retain: bool = False,
    dup: bool = False,
    with_properties: Properties | None = None,
) -> Publish:
    packet = new_publish(topic, payload, qos, retain)
    packet.packet_id = packet_id
    packet.dup = dup
    packet.properties = with_properties
    return packet


_BOTH_3X: list[Case] = []
for _version in (V3, V4):
    _BOTH_3X += [
        valid("PUBLISH QoS 0", _version, "30 ## <a/b> 'hello'", published("a/b", b"hello")),
        valid("PUBLISH no payload", _version, "30 ## <a>", published("a")),
        valid("PUBLISH retain", _version, "31 ## <a> 'x'", published("a", b"x", retain=True)),
        valid(
            "PUBLISH QoS 1",
            _version,
            "32 ## <a> 0007 'x'",
            published("a", b"x", qos=1, packet_id=7),
        ),
        valid(
            "PUBLISH QoS 1 DUP",
            _version,
            "3a ## <a> 0007 'x'",
            published("a", b"x", qos=1, packet_id=7, dup=True),
        ),
        valid(
            "PUBLISH QoS 2, all flags",
            _version,
            "3d ## <a> ffff",
            published("a", qos=2, packet_id=65_535, dup=True, retain=True),
        ),
        invalid("PUBLISH QoS 3", _version, "36 ## <a> 0007", MALFORMED_PACKET),
        invalid("PUBLISH DUP at QoS 0", _version, "38 ## <a>", MALFORMED_PACKET),
        invalid("PUBLISH id 0", _version, "32 ## <a> 0000", PROTOCOL_ERROR),
        invalid("PUBLISH without id", _version, "32 ## <a>", MALFORMED_PACKET),
        invalid("PUBLISH half an id", _version, "32 ## <a> 00", MALFORMED_PACKET),
        invalid("PUBLISH empty", _version, "30 00", MALFORMED_PACKET),
        invalid("PUBLISH half a length", _version, "30 01 00", MALFORMED_PACKET),
        invalid("PUBLISH topic cut", _version, "30 04 0003 6162", MALFORMED_PACKET),
    ]

CASES: list[Case] = [
    *_BOTH_3X,
    valid("PUBLISH QoS 0", V5, "30 ## <a/b> [] 'hello'", published("a/b", b"hello")),
    valid("PUBLISH no payload", V5, "30 ## <a> []", published("a")),
    valid("PUBLISH QoS 1", V5, "32 ## <a> 0007 [] 'x'", published("a", b"x", qos=1, packet_id=7)),
    valid(
        "PUBLISH every property",
        V5,
        "34 ## <a> 0007 [01 01 02 0000003c 03 <text> 08 <re> 09 0002 00ff 0b 01 0b ff7f 23 0005"
        " 26 <k> <v> 26 <k> <w>] 'x'",
        published(
            "a",
            b"x",
            qos=2,
            packet_id=7,
            with_properties=properties(
                payload_format_indicator=1,
                message_expiry_interval=60,
                content_type="text",
                response_topic="re",
                correlation_data=b"\x00\xff",
                subscription_identifiers=[1, 16_383],
                topic_alias=5,
                user_properties=[("k", "v"), ("k", "w")],
            ),
        ),
    ),
    valid(
        "PUBLISH alias without topic",
        V5,
        "30 ## <> [23 0001] 'x'",
        published("", b"x", with_properties=properties(topic_alias=1)),
    ),
    invalid("PUBLISH QoS 3", V5, "36 ## <a> 0007 []", MALFORMED_PACKET),
    invalid("PUBLISH DUP at QoS 0", V5, "38 ## <a> []", MALFORMED_PACKET),
    invalid("PUBLISH id 0", V5, "32 ## <a> 0000 []", PROTOCOL_ERROR),
    invalid("PUBLISH without property length", V5, "30 ## <a>", MALFORMED_PACKET),
    invalid("PUBLISH topic alias 0", V5, "30 ## <a> [23 0000]", TOPIC_ALIAS_INVALID),
    invalid("PUBLISH two topic aliases", V5, "30 ## <a> [23 0001 23 0002]", PROTOCOL_ERROR),
    invalid("PUBLISH payload format 2", V5, "30 ## <a> [01 02]", PROTOCOL_ERROR),
    invalid("PUBLISH two content types", V5, "30 ## <a> [03 <a> 03 <a>]", PROTOCOL_ERROR),
    invalid("PUBLISH identifier 0", V5, "30 ## <a> [0b 00]", PROTOCOL_ERROR),
    invalid("PUBLISH five-byte identifier", V5, "30 ## <a> [0b 8080808001]", MALFORMED_PACKET),
    invalid("PUBLISH foreign property", V5, "30 ## <a> [1f <why>]", MALFORMED_PACKET),
    invalid("PUBLISH will delay", V5, "30 ## <a> [18 00000001]", MALFORMED_PACKET),
    invalid("PUBLISH property without value", V5, "30 ## <a> [08] 'x'", MALFORMED_PACKET),
    invalid("PUBLISH properties past the end", V5, "30 ## <a> 05 'x'", MALFORMED_PACKET),
    invalid("PUBLISH padded property length", V5, "30 ## <a> 8000 'x'", MALFORMED_PACKET),
    invalid("PUBLISH content type not UTF-8", V5, "30 ## <a> [03 0001 ff]", MALFORMED_PACKET),
    invalid("PUBLISH response topic U+0000", V5, "30 ## <a> [08 0001 00]", MALFORMED_PACKET),
]
