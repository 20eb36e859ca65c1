"""DISCONNECT and AUTH."""

from codec_cases.case import Case, invalid, properties, valid
from robustmq_mqtt.codec.packets import Auth, Disconnect
from robustmq_mqtt.codec.reason_codes import (
    DISCONNECT_WITH_WILL,
    MALFORMED_PACKET,
    PROTOCOL_ERROR,
    SERVER_MOVED,
    SESSION_TAKEN_OVER,
)
from robustmq_mqtt.codec.wire import V3, V4, V5

CASES: list[Case] = [
    *(valid("DISCONNECT", version, "e0 00", Disconnect()) for version in (V3, V4, V5)),
    *(invalid("DISCONNECT with a body", version, "e0 01 00", 0x81) for version in (V3, V4)),
    valid("DISCONNECT 0x00 written out", V5, "e0 01 00", Disconnect(), canonical=False),
    valid("DISCONNECT 0x00, empty list", V5, "e0 02 00 00", Disconnect(), canonical=False),
    valid("DISCONNECT with will", V5, "e0 01 04", Disconnect(DISCONNECT_WITH_WILL)),
    valid("DISCONNECT taken over", V5, "e0 01 8e", Disconnect(SESSION_TAKEN_OVER)),
    valid(
        "DISCONNECT session expiry",
        V5,
        "e0 07 00 [11 00000000]",
        Disconnect(0, properties(session_expiry_interval=0)),
    ),
    valid(
        "DISCONNECT every property",
        V5,
        "e0 ## 9d [11 ffffffff 1c <other:1883> 1f <moved> 26 <a> <b>]",
        Disconnect(
            SERVER_MOVED,
            properties(
                session_expiry_interval=0xFFFF_FFFF,
                server_reference="other:1883",
                reason_string="moved",
                user_properties=[("a", "b")],
            ),
        ),
    ),
    invalid("DISCONNECT granted QoS 1", V5, "e0 01 01", PROTOCOL_ERROR),
    invalid("DISCONNECT unknown code", V5, "e0 01 05", PROTOCOL_ERROR),
    invalid("DISCONNECT code of CONNACK", V5, "e0 01 85", PROTOCOL_ERROR),
    invalid("DISCONNECT trailing byte", V5, "e0 03 00 00 00", MALFORMED_PACKET),
    invalid("DISCONNECT property without value", V5, "e0 ## 00 [11]", MALFORMED_PACKET),
    invalid("DISCONNECT value cut short", V5, "e0 ## 00 [11 000000]", MALFORMED_PACKET),
    invalid("DISCONNECT property 0", V5, "e0 ## 00 [00]", MALFORMED_PACKET),
    invalid("DISCONNECT two expiries", V5, "e0 ## 00 [11 00000000 11 00000000]", PROTOCOL_ERROR),
    invalid("DISCONNECT foreign property", V5, "e0 ## 00 [21 0001]", MALFORMED_PACKET),
    *(
        invalid(f"DISCONNECT flags {flags:x}", version, f"e{flags:x} 00", MALFORMED_PACKET)
        for version in (V4, V5)
        for flags in (1, 2, 4, 8)
    ),
    valid("DISCONNECT flags", V3, "e1 00", Disconnect(), canonical=False),
    valid("AUTH without a body", V5, "f0 00", Auth()),
    valid(
        "AUTH continue",
        V5,
        "f0 ## 18 [15 <SCRAM-SHA-1> 16 0003 00ff00]",
        Auth(
            0x18,
            properties(authentication_method="SCRAM-SHA-1", authentication_data=b"\x00\xff\x00"),
        ),
    ),
    valid(
        "AUTH again",
        V5,
        "f0 ## 19 [15 <m>]",
        Auth(0x19, properties(authentication_method="m")),
    ),
    valid(
        "AUTH success",
        V5,
        "f0 ## 00 [15 <m> 1f <ok> 26 <a> <b>]",
        Auth(
            0,
            properties(authentication_method="m", reason_string="ok", user_properties=[("a", "b")]),
        ),
    ),
    invalid("AUTH", V3, "f0 00", PROTOCOL_ERROR),
    invalid("AUTH", V4, "f0 00", PROTOCOL_ERROR),
    invalid("AUTH flags", V5, "f1 00", MALFORMED_PACKET),
    invalid("AUTH without property length", V5, "f0 01 18", MALFORMED_PACKET),
    invalid("AUTH without method", V5, "f0 02 18 00", PROTOCOL_ERROR),
    invalid("AUTH data without method", V5, "f0 ## 18 [16 0000]", PROTOCOL_ERROR),
    invalid("AUTH unknown code", V5, "f0 ## 04 [15 <m>]", PROTOCOL_ERROR),
    invalid("AUTH two methods", V5, "f0 ## 18 [15 <m> 15 <m>]", PROTOCOL_ERROR),
    invalid("AUTH trailing byte", V5, "f0 ## 18 [15 <m>] 00", MALFORMED_PACKET),
]
