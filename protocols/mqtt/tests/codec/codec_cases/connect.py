"""CONNECT and CONNACK. A CONNECT case's version is the one inside it, 0 if it has none we know."""

from codec_cases.case import Case, invalid, properties, valid
from robustmq_mqtt.codec.packets import Connack, Connect, Will
from robustmq_mqtt.codec.reason_codes import (
    MALFORMED_PACKET,
    PROTOCOL_ERROR,
    UNSUPPORTED_PROTOCOL_VERSION,
)
from robustmq_mqtt.codec.wire import V3, V4, V5

_V3 = "<MQIsdp> 03"
_V4 = "<MQTT> 04"
_V5 = "<MQTT> 05"

_VALID: list[Case] = [
    valid("CONNECT", V3, f"10 ## {_V3} 02 000a <p>", Connect(V3, "p", keep_alive=10)),
    valid("CONNECT", V4, f"10 ## {_V4} 02 000a <p>", Connect(V4, "p", keep_alive=10)),
    valid("CONNECT", V5, f"10 ## {_V5} 02 000a [] <p>", Connect(V5, "p", keep_alive=10)),
    valid("CONNECT keeps session", V4, f"10 ## {_V4} 00 ffff <p>", Connect(V4, "p", False, 65_535)),
    valid("CONNECT empty client id", V4, f"10 ## {_V4} 02 0000 <>", Connect(V4, "")),
    valid("CONNECT bridge", V3, "10 ## <MQIsdp> 83 02 0000 <b>", Connect(V3, "b", is_bridge=True)),
    valid("CONNECT bridge", V4, "10 ## <MQTT> 84 02 0000 <b>", Connect(V4, "b", is_bridge=True)),
    valid(
        "CONNECT credentials",
        V4,
        f"10 ## {_V4} c2 0000 <p> <user> 0003 00ff00",
        Connect(V4, "p", username="user", password=b"\x00\xff\x00"),
    ),
    valid("CONNECT user only", V4, f"10 ## {_V4} 82 0000 <p> <>", Connect(V4, "p", username="")),
    valid(
        "CONNECT password only",
        V5,
        f"10 ## {_V5} 42 0000 [] <p> <s>",
        Connect(V5, "p", password=b"s"),
    ),
    valid(
        "CONNECT will",
        V4,
        f"10 ## {_V4} 36 0000 <p> <w/t> 0002 00ff",
        Connect(V4, "p", will=Will("w/t", b"\x00\xff", 2, True)),
    ),
    valid(
        "CONNECT every property",
        V5,
        f"10 ## {_V5} ce 003c [11 ffffffff 15 <m> 16 0001 ff 17 00 19 01 21 0014 22 000a"
        " 26 <a> <b> 26 <a> <c> 27 00010000] <p>"
        " [01 01 02 0000000a 03 <t> 08 <r> 09 0001 00 18 00000005 26 <x> <y>] <w> <bye> <u> <s>",
        Connect(
            V5,
            "p",
            True,
            60,
            "u",
            b"s",
            Will(
                "w",
                b"bye",
                1,
                False,
                properties(
                    payload_format_indicator=1,
                    message_expiry_interval=10,
                    content_type="t",
                    response_topic="r",
                    correlation_data=b"\x00",
                    will_delay_interval=5,
                    user_properties=[("x", "y")],
                ),
            ),
            properties(
                session_expiry_interval=0xFFFF_FFFF,
                authentication_method="m",
                authentication_data=b"\xff",
                request_problem_information=0,
                request_response_information=1,
                receive_maximum=20,
                topic_alias_maximum=10,
                user_properties=[("a", "b"), ("a", "c")],
                maximum_packet_size=65_536,
            ),
        ),
    ),
    valid(
        "CONNECT empty will",
        V5,
        f"10 ## {_V5} 06 0000 [] <p> [] <w> <>",
        Connect(V5, "p", will=Will("w", b"")),
    ),
]

# What MQTT 3.1 leaves open, and what its remaining length overrules.
_LENIENT_3_1: list[Case] = [
    valid(name, V3, f"{first} ## {_V3} {rest}", packet, canonical=False)
    for name, first, rest, packet in (
        ("CONNECT header flags", "14", "02 0000 <p>", Connect(V3, "p")),
        ("CONNECT reserved flag", "10", "03 0000 <p>", Connect(V3, "p")),
        ("CONNECT will QoS without will", "10", "1a 0000 <p>", Connect(V3, "p")),
        ("CONNECT without user name", "10", "82 0000 <p>", Connect(V3, "p")),
        ("CONNECT without credentials", "10", "c2 0000 <p>", Connect(V3, "p")),
        ("CONNECT without password", "10", "c2 0000 <p> <u>", Connect(V3, "p", username="u")),
    )
]

_REFUSED: list[Case] = [
    invalid(f"CONNECT {name}", version, f"10 ## {head} {rest}", MALFORMED_PACKET)
    for version, head, list_ in ((V4, _V4, ""), (V5, _V5, "[]"))
    for name, rest in (
        ("reserved flag", f"03 0000 {list_} <p>"),
        ("will QoS without will", f"0a 0000 {list_} <p>"),
        ("will retain without will", f"22 0000 {list_} <p>"),
        ("will QoS 3", f"1e 0000 {list_} <p> {list_} <w> <x>"),
        ("will flag without will", f"06 0000 {list_} <p>"),
        ("will without payload", f"06 0000 {list_} <p> {list_} <w>"),
        ("will without will flag", f"02 0000 {list_} <p> {list_} <w> <x>"),
        ("user name missing", f"82 0000 {list_} <p>"),
        ("user name without flag", f"02 0000 {list_} <p> <u>"),
        ("password missing", f"c2 0000 {list_} <p> <u>"),
        ("password without flag", f"82 0000 {list_} <p> <u> <s>"),
        ("client id missing", f"02 0000 {list_}"),
        ("client id cut", f"02 0000 {list_} 0005 70"),
        ("client id U+0000", f"02 0000 {list_} 0001 00"),
        ("client id surrogate", f"02 0000 {list_} 0003 eda080"),
        ("user name U+0000", f"82 0000 {list_} <p> 0001 00"),
        ("user name not UTF-8", f"82 0000 {list_} <p> 0001 ff"),
        ("will topic not UTF-8", f"06 0000 {list_} <p> {list_} 0001 ff <x>"),
        ("keep alive cut", "02 00"),
        ("flags missing", ""),
        ("trailing byte", f"02 0000 {list_} <p> 00"),
    )
]

_PROPERTIES: list[Case] = [
    invalid(f"CONNECT {name}", V5, f"10 ## {_V5} 02 0000 {rest}", error)
    for name, rest, error in (
        ("receive maximum 0", "[21 0000] <p>", PROTOCOL_ERROR),
        ("maximum packet size 0", "[27 00000000] <p>", PROTOCOL_ERROR),
        ("problem information 2", "[17 02] <p>", PROTOCOL_ERROR),
        ("response information 2", "[19 02] <p>", PROTOCOL_ERROR),
        ("property twice", "[21 0001 21 0001] <p>", PROTOCOL_ERROR),
        ("data without method", "[16 0000] <p>", PROTOCOL_ERROR),
        ("foreign property", "[24 01] <p>", MALFORMED_PACKET),
        ("will property outside the will", "[18 00000001] <p>", MALFORMED_PACKET),
        ("unknown property", "[7f] <p>", MALFORMED_PACKET),
        ("property without value", "[21] <p>", MALFORMED_PACKET),
        ("properties past the end", "20 <p>", MALFORMED_PACKET),
        ("property length of five bytes", "8080808001 <p>", MALFORMED_PACKET),
        ("property length padded", "8000 <p>", MALFORMED_PACKET),
        ("method not UTF-8", "[15 0001 ff] <p>", MALFORMED_PACKET),
    )
]
_PROPERTIES += [
    invalid(f"CONNECT will {name}", V5, f"10 ## {_V5} 06 0000 [] <p> {rest} <w> <x>", error)
    for name, rest, error in (
        ("delay twice", "[18 00000001 18 00000001]", PROTOCOL_ERROR),
        ("payload format 2", "[01 02]", PROTOCOL_ERROR),
        ("topic alias", "[23 0001]", MALFORMED_PACKET),
        ("session expiry", "[11 00000001]", MALFORMED_PACKET),
    )
]

_UNSUPPORTED: list[Case] = [
    invalid(f"CONNECT {name}", 0, f"10 ## {head} 02 0000 <p>", UNSUPPORTED_PROTOCOL_VERSION)
    for name, head in (
        ("level 0", "<MQTT> 00"),
        ("level 2", "<MQIsdp> 02"),
        ("level 3 of MQTT", "<MQTT> 03"),
        ("level 4 of MQIsdp", "<MQIsdp> 04"),
        ("level 6", "<MQTT> 06"),
        ("level 255", "<MQTT> ff"),
        ("level 5 of a bridge", "<MQTT> 85"),
        ("short name", "<MQT> 04"),
        ("long name", "<MQTTT> 04"),
        ("empty name", "<> 04"),
        ("name in lower case", "<mqtt> 04"),
        ("other name", "<AMQP> 04"),
    )
]

_FRAMING: list[Case] = [
    *(
        invalid(f"CONNECT first byte {first}", version, f"{first} ## {rest}", MALFORMED_PACKET)
        for first in ("11", "12", "14", "18")
        for version, rest in ((V4, f"{_V4} 02 0000 <p>"), (V5, f"{_V5} 02 0000 [] <p>"))
    ),
    invalid("CONNECT padded length", V5, f"10 8e00 {_V5} 02 0000 [] <p>", MALFORMED_PACKET),
    valid(
        "CONNECT padded length",
        V4,
        f"10 8d00 {_V4} 02 0000 <p>",
        Connect(V4, "p"),
        canonical=False,
    ),
    invalid("CONNECT empty", 0, "10 00", MALFORMED_PACKET),
    invalid("CONNECT name cut", 0, "10 04 0004 4d51", MALFORMED_PACKET),
    invalid("CONNECT name not UTF-8", 0, "10 ## 0001 ff 04 02 0000 <p>", MALFORMED_PACKET),
    invalid("CONNECT level missing", 0, "10 ## <MQTT>", MALFORMED_PACKET),
    invalid("CONNECT password needs user", V3, f"10 ## {_V3} 42 0000 <p> <s>", MALFORMED_PACKET),
    invalid("CONNECT password needs user", V4, f"10 ## {_V4} 42 0000 <p> <s>", MALFORMED_PACKET),
    invalid("CONNECT will QoS 3", V3, f"10 ## {_V3} 1e 0000 <p> <w> <x>", MALFORMED_PACKET),
    invalid("CONNECT user name cut", V3, f"10 ## {_V3} 82 0000 <p> 00", MALFORMED_PACKET),
]

_CONNACK: list[Case] = [
    valid("CONNACK accepted", V3, "20 02 00 00", Connack(False, 0)),
    valid("CONNACK reserved byte", V3, "20 02 ff 00", Connack(False, 0), canonical=False),
    valid("CONNACK accepted", V4, "20 02 00 00", Connack(False, 0)),
    valid("CONNACK session present", V4, "20 02 01 00", Connack(True, 0)),
    # The encoder takes MQTT 5 codes and the decoder gives the 3.x one.
    valid("CONNACK not authorized", V4, "20 02 00 05", Connack(False, 5), canonical=False),
    valid("CONNACK accepted", V5, "20 03 00 00 00", Connack(False, 0)),
    valid("CONNACK banned", V5, "20 03 00 8a 00", Connack(False, 0x8A)),
    valid(
        "CONNACK every property",
        V5,
        "20 ## 01 00 [11 0000000a 12 <id> 13 003c 15 <m> 16 0001 ff 1a <ri> 1c <sr> 1f <rs>"
        " 21 0014 22 000a 24 01 25 00 26 <a> <b> 27 00100000 28 01 29 00 2a 01]",
        Connack(
            True,
            0,
            properties(
                session_expiry_interval=10,
                assigned_client_identifier="id",
                server_keep_alive=60,
                authentication_method="m",
                authentication_data=b"\xff",
                response_information="ri",
                server_reference="sr",
                reason_string="rs",
                receive_maximum=20,
                topic_alias_maximum=10,
                maximum_qos=1,
                retain_available=0,
                user_properties=[("a", "b")],
                maximum_packet_size=1_048_576,
                wildcard_subscription_available=1,
                subscription_identifier_available=0,
                shared_subscription_available=1,
            ),
        ),
    ),
    invalid("CONNACK empty", V4, "20 00", MALFORMED_PACKET),
    invalid("CONNACK cut", V4, "20 01 00", MALFORMED_PACKET),
    invalid("CONNACK trailing byte", V4, "20 03 00 00 00", MALFORMED_PACKET),
    invalid("CONNACK reserved flag", V4, "20 02 02 00", MALFORMED_PACKET),
    invalid("CONNACK unknown return code", V4, "20 02 00 06", PROTOCOL_ERROR),
    invalid("CONNACK refused with session", V4, "20 02 01 05", PROTOCOL_ERROR),
    invalid("CONNACK without property length", V5, "20 02 00 00", MALFORMED_PACKET),
    invalid("CONNACK reserved flag", V5, "20 03 80 00 00", MALFORMED_PACKET),
    invalid("CONNACK unknown reason code", V5, "20 03 00 01 00", PROTOCOL_ERROR),
    invalid("CONNACK refused with session", V5, "20 03 01 87 00", PROTOCOL_ERROR),
    invalid("CONNACK maximum QoS 2", V5, "20 ## 00 00 [24 02]", PROTOCOL_ERROR),
    invalid("CONNACK data without method", V5, "20 ## 00 00 [16 0000]", PROTOCOL_ERROR),
    invalid("CONNACK trailing byte", V5, "20 04 00 00 00 00", MALFORMED_PACKET),
]

CASES: list[Case] = [
    *_VALID,
    *_LENIENT_3_1,
    *_REFUSED,
    *_PROPERTIES,
    *_UNSUPPORTED,
    *_FRAMING,
    *_CONNACK,
]
