"""PUBACK, PUBREC, PUBREL, PUBCOMP, PINGREQ and PINGRESP."""

from codec_cases.case import Case, invalid, properties, valid
from robustmq_mqtt.codec.packets import Ack, Ping
from robustmq_mqtt.codec.reason_codes import (
    MALFORMED_PACKET,
    NO_MATCHING_SUBSCRIBERS,
    PACKET_IDENTIFIER_NOT_FOUND,
    PROTOCOL_ERROR,
    QUOTA_EXCEEDED,
    SUCCESS,
)
from robustmq_mqtt.codec.wire import PINGREQ, PINGRESP, PUBACK, PUBCOMP, PUBREC, PUBREL, V3, V4, V5

KINDS = (
    ("PUBACK", PUBACK, "40"),
    ("PUBREC", PUBREC, "50"),
    ("PUBREL", PUBREL, "62"),
    ("PUBCOMP", PUBCOMP, "70"),
)


def _of_every_kind(name: str, kind: int, first: str) -> list[Case]:
    cases = [
        valid(name, version, f"{first} 02 1234", Ack(kind, 0x1234)) for version in (V3, V4, V5)
    ]
    cases += [
        valid(f"{name} id 1", V4, f"{first} 02 0001", Ack(kind, 1)),
        valid(f"{name} id 65535", V4, f"{first} 02 ffff", Ack(kind, 65_535)),
        valid(
            f"{name} success written out",
            V5,
            f"{first} 03 1234 00",
            Ack(kind, 0x1234),
            canonical=False,
        ),
        valid(
            f"{name} success, empty properties",
            V5,
            f"{first} 04 1234 00 00",
            Ack(kind, 0x1234),
            canonical=False,
        ),
        valid(
            f"{name} success with properties",
            V5,
            f"{first} ## 1234 00 [1f <why> 26 <a> <b> 26 <a> <>]",
            Ack(
                kind,
                0x1234,
                SUCCESS,
                properties(reason_string="why", user_properties=[("a", "b"), ("a", "")]),
            ),
        ),
        invalid(f"{name} without a body", V4, f"{first} 00", MALFORMED_PACKET),
        invalid(f"{name} of one byte", V5, f"{first} 01 12", MALFORMED_PACKET),
        invalid(f"{name} id 0", V4, f"{first} 02 0000", PROTOCOL_ERROR),
        invalid(f"{name} id 0", V5, f"{first} 03 0000 00", PROTOCOL_ERROR),
        invalid(f"{name} with a reason code", V4, f"{first} 03 1234 00", MALFORMED_PACKET),
        invalid(f"{name} unknown reason code", V5, f"{first} 03 1234 ff", PROTOCOL_ERROR),
        invalid(f"{name} reason code of others", V5, f"{first} 04 1234 04 00", PROTOCOL_ERROR),
        invalid(f"{name} trailing byte", V5, f"{first} 05 1234 00 00 00", MALFORMED_PACKET),
        invalid(f"{name} properties cut", V5, f"{first} 04 1234 00 01", MALFORMED_PACKET),
        invalid(f"{name} two reason strings", V5, f"{first} ## 1234 00 [1f<a>1f<a>]", 0x82),
        invalid(f"{name} foreign property", V5, f"{first} ## 1234 00 [2301 01]", MALFORMED_PACKET),
        invalid(f"{name} unknown property", V5, f"{first} ## 1234 00 [0401]", MALFORMED_PACKET),
        invalid(f"{name} long property id", V5, f"{first} ## 1234 00 [800101]", MALFORMED_PACKET),
        invalid(f"{name} padded length", V5, f"{first} 8200 1234", MALFORMED_PACKET),
        valid(
            f"{name} padded length", V4, f"{first} 8200 1234", Ack(kind, 0x1234), canonical=False
        ),
    ]
    wrong = f"{int(first, 16) ^ 0x08:02x}"
    cases += [
        invalid(f"{name} flags {wrong}", V4, f"{wrong} 02 1234", MALFORMED_PACKET),
        invalid(f"{name} flags {wrong}", V5, f"{wrong} 02 1234", MALFORMED_PACKET),
        # MQTT 3.1 repeats PUBREL with DUP set and does not define the other flags.
        valid(f"{name} flags {wrong}", V3, f"{wrong} 02 1234", Ack(kind, 0x1234), canonical=False),
    ]
    return cases


_PINGS: list[Case] = []
for _version in (V3, V4, V5):
    _PINGS += [
        valid("PINGREQ", _version, "c0 00", Ping(PINGREQ)),
        valid("PINGRESP", _version, "d0 00", Ping(PINGRESP)),
        invalid("PINGREQ with a body", _version, "c0 01 00", MALFORMED_PACKET),
        invalid("PINGRESP with a body", _version, "d0 01 00", MALFORMED_PACKET),
    ]

CASES: list[Case] = [
    *(case for kind in KINDS for case in _of_every_kind(*kind)),
    valid(
        "PUBACK no matching subscribers",
        V5,
        "40 03 0007 10",
        Ack(PUBACK, 7, NO_MATCHING_SUBSCRIBERS),
    ),
    valid("PUBREC quota exceeded", V5, "50 03 0007 97", Ack(PUBREC, 7, QUOTA_EXCEEDED)),
    valid("PUBREL id not found", V5, "62 03 0007 92", Ack(PUBREL, 7, PACKET_IDENTIFIER_NOT_FOUND)),
    valid(
        "PUBCOMP id not found",
        V5,
        "70 ## 0007 92 [1f <gone>]",
        Ack(PUBCOMP, 7, PACKET_IDENTIFIER_NOT_FOUND, properties(reason_string="gone")),
    ),
    invalid("PUBREL with a PUBACK code", V5, "62 03 0007 10", PROTOCOL_ERROR),
    invalid("PUBACK with a PUBREL code", V5, "40 03 0007 92", PROTOCOL_ERROR),
    *_PINGS,
    invalid("PINGREQ flags", V4, "c1 00", MALFORMED_PACKET),
    invalid("packet type 0", V5, "00 00", MALFORMED_PACKET),
    invalid("packet type 0 with flags", V4, "0f 00", MALFORMED_PACKET),
]
