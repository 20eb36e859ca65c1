"""SUBSCRIBE, SUBACK, UNSUBSCRIBE and UNSUBACK."""

from codec_cases.case import Case, invalid, properties, valid
from robustmq_mqtt.codec.packets import (
    Suback,
    Subscribe,
    TopicSubscription,
    Unsuback,
    Unsubscribe,
)
from robustmq_mqtt.codec.reason_codes import MALFORMED_PACKET, PROTOCOL_ERROR
from robustmq_mqtt.codec.wire import V3, V4, V5

_BOTH_3X: list[Case] = []
for _version in (V3, V4):
    _BOTH_3X += [
        valid(
            "SUBSCRIBE",
            _version,
            "82 ## 000a <a/b> 01 <#> 02 <c> 00",
            Subscribe(
                10,
                [TopicSubscription("a/b", 1), TopicSubscription("#", 2), TopicSubscription("c")],
            ),
        ),
        valid("SUBACK", _version, "90 ## 000a 00 01 02 80", Suback(10, [0, 1, 2, 0x80])),
        valid("UNSUBSCRIBE", _version, "a2 ## 000a <a/b> <#>", Unsubscribe(10, ["a/b", "#"])),
        valid("UNSUBACK", _version, "b0 02 000a", Unsuback(10, [])),
        invalid("SUBSCRIBE QoS 3", _version, "82 ## 000a <a> 03", MALFORMED_PACKET),
        invalid("SUBSCRIBE reserved bits", _version, "82 ## 000a <a> 04", MALFORMED_PACKET),
        invalid("SUBSCRIBE id 0", _version, "82 ## 0000 <a> 00", PROTOCOL_ERROR),
        invalid("SUBSCRIBE without filter", _version, "82 02 000a", PROTOCOL_ERROR),
        invalid("SUBSCRIBE without QoS", _version, "82 ## 000a <a>", MALFORMED_PACKET),
        invalid("SUBSCRIBE trailing byte", _version, "82 ## 000a <a> 00 00", MALFORMED_PACKET),
        invalid("SUBACK QoS 3", _version, "90 03 000a 03", PROTOCOL_ERROR),
        invalid("SUBACK code of MQTT 5", _version, "90 03 000a 87", PROTOCOL_ERROR),
        invalid("UNSUBSCRIBE without filter", _version, "a2 02 000a", PROTOCOL_ERROR),
        invalid("UNSUBSCRIBE id 0", _version, "a2 ## 0000 <a>", PROTOCOL_ERROR),
        invalid("UNSUBACK with a code", _version, "b0 03 000a 00", MALFORMED_PACKET),
        invalid("UNSUBACK id 0", _version, "b0 02 0000", PROTOCOL_ERROR),
    ]

_ILL_FORMED_STRINGS = {
    "U+0000": "0003 61 00 62",
    "surrogate": "0003 eda080",
    "over-long form": "0002 c080",
    "lone continuation": "0001 80",
    "beyond U+10FFFF": "0004 f4908080",
    "cut character": "0002 61c3",
}

_STRINGS: list[Case] = []
for _name, _bytes in _ILL_FORMED_STRINGS.items():
    _STRINGS += [
        invalid(f"SUBSCRIBE {_name}", V4, f"82 ## 000a {_bytes} 00", MALFORMED_PACKET),
        invalid(f"SUBSCRIBE {_name}", V5, f"82 ## 000a [] {_bytes} 00", MALFORMED_PACKET),
        invalid(f"UNSUBSCRIBE {_name}", V5, f"a2 ## 000a [] {_bytes}", MALFORMED_PACKET),
        invalid(
            f"user property name {_name}",
            V5,
            f"82 ## 000a [26 {_bytes} <x>] <a> 00",
            MALFORMED_PACKET,
        ),
        invalid(
            f"user property value {_name}",
            V5,
            f"82 ## 000a [26 <x> {_bytes}] <a> 00",
            MALFORMED_PACKET,
        ),
    ]

CASES: list[Case] = [
    *_BOTH_3X,
    *_STRINGS,
    valid(
        "SUBSCRIBE options",
        V5,
        "82 ## 000a [] <a> 00 <b> 05 <c> 0a <d> 11 <e> 22 <f> 2e",
        Subscribe(
            10,
            [
                TopicSubscription("a"),
                TopicSubscription("b", 1, no_local=True),
                TopicSubscription("c", 2, retain_as_published=True),
                TopicSubscription("d", 1, retain_handling=1),
                TopicSubscription("e", 2, retain_handling=2),
                TopicSubscription("f", 2, True, True, 2),
            ],
        ),
    ),
    valid(
        "SUBSCRIBE properties",
        V5,
        "82 ## 000a [0b ffffff7f 26 <a> <b>] <a> 00",
        Subscribe(
            10,
            [TopicSubscription("a")],
            properties(subscription_identifiers=[268_435_455], user_properties=[("a", "b")]),
        ),
    ),
    valid(
        "SUBSCRIBE keeps a byte order mark",
        V5,
        "82 ## 000a [] 0004 efbbbf61 00",
        Subscribe(10, [TopicSubscription("\ufeffa")]),
    ),
    valid(
        "SUBSCRIBE four-byte character",
        V5,
        "82 ## 000a [] 0005 41f0aa9b94 00",
        Subscribe(10, [TopicSubscription("A\U0002a6d4")]),
    ),
    # Whether a filter is one that can be subscribed to is for the session to say.
    valid(
        "SUBSCRIBE empty filter", V5, "82 ## 000a [] <> 00", Subscribe(10, [TopicSubscription("")])
    ),
    valid(
        "SUBACK every code",
        V5,
        "90 ## 000a [] 00 01 02 80 83 87 8f 91 97 9e a1 a2",
        Suback(10, [0, 1, 2, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2]),
    ),
    valid(
        "SUBACK properties",
        V5,
        "90 ## 000a [1f <no> 26 <a> <b>] 87",
        Suback(10, [0x87], properties(reason_string="no", user_properties=[("a", "b")])),
    ),
    valid(
        "UNSUBSCRIBE",
        V5,
        "a2 ## 000a [26 <a> <b>] <a> <b/+>",
        Unsubscribe(10, ["a", "b/+"], properties(user_properties=[("a", "b")])),
    ),
    valid(
        "UNSUBACK every code",
        V5,
        "b0 ## 000a [] 00 11 80 83 87 8f 91",
        Unsuback(10, [0, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91]),
    ),
    valid(
        "UNSUBACK reason string",
        V5,
        "b0 ## 000a [1f <x>] 11",
        Unsuback(10, [0x11], properties(reason_string="x")),
    ),
    invalid("SUBSCRIBE flags 0", V4, "80 ## 000a <a> 00", MALFORMED_PACKET),
    invalid("SUBSCRIBE flags 0", V5, "80 ## 000a [] <a> 00", MALFORMED_PACKET),
    invalid("SUBSCRIBE flags 3", V5, "83 ## 000a [] <a> 00", MALFORMED_PACKET),
    invalid("SUBSCRIBE DUP", V5, "8a ## 000a [] <a> 00", MALFORMED_PACKET),
    # MQTT 3.1 repeats an unanswered SUBSCRIBE with DUP set.
    valid(
        "SUBSCRIBE DUP",
        V3,
        "8a ## 000a <a> 00",
        Subscribe(10, [TopicSubscription("a")]),
        canonical=False,
    ),
    invalid("UNSUBSCRIBE flags 0", V4, "a0 ## 000a <a>", MALFORMED_PACKET),
    invalid("UNSUBSCRIBE flags 0", V5, "a0 ## 000a [] <a>", MALFORMED_PACKET),
    invalid("SUBSCRIBE id 0", V5, "82 ## 0000 [] <a> 00", PROTOCOL_ERROR),
    invalid("SUBSCRIBE empty", V5, "82 00", MALFORMED_PACKET),
    invalid("SUBSCRIBE half an id", V5, "82 01 00", MALFORMED_PACKET),
    invalid("SUBSCRIBE without property length", V5, "82 02 000a", MALFORMED_PACKET),
    invalid("SUBSCRIBE without filter", V5, "82 ## 000a []", PROTOCOL_ERROR),
    invalid("SUBSCRIBE half a length", V5, "82 ## 000a [] 00", MALFORMED_PACKET),
    invalid("SUBSCRIBE without options", V5, "82 ## 000a [] <a>", MALFORMED_PACKET),
    invalid("SUBSCRIBE second without options", V5, "82 ## 000a [] <a> 00 <b>", MALFORMED_PACKET),
    invalid("SUBSCRIBE trailing byte", V5, "82 ## 000a [] <a> 00 00", MALFORMED_PACKET),
    invalid("SUBSCRIBE QoS 3", V5, "82 ## 000a [] <a> 03", PROTOCOL_ERROR),
    invalid("SUBSCRIBE retain handling 3", V5, "82 ## 000a [] <a> 30", PROTOCOL_ERROR),
    invalid("SUBSCRIBE reserved bit 6", V5, "82 ## 000a [] <a> 40", MALFORMED_PACKET),
    invalid("SUBSCRIBE reserved bit 7", V5, "82 ## 000a [] <a> 80", MALFORMED_PACKET),
    invalid("SUBSCRIBE all bits", V5, "82 ## 000a [] <a> ff", MALFORMED_PACKET),
    invalid("SUBSCRIBE identifier 0", V5, "82 ## 000a [0b00] <a> 00", PROTOCOL_ERROR),
    invalid("SUBSCRIBE two identifiers", V5, "82 ## 000a [0b01 0b02] <a> 00", PROTOCOL_ERROR),
    invalid("SUBSCRIBE padded identifier", V5, "82 ## 000a [0b8100] <a> 00", MALFORMED_PACKET),
    invalid(
        "SUBSCRIBE five-byte identifier", V5, "82 ## 000a [0b8080808001] <a> 00", MALFORMED_PACKET
    ),
    invalid("SUBSCRIBE identifier cut", V5, "82 ## 000a [0b80] <a> 00", MALFORMED_PACKET),
    invalid("SUBSCRIBE padded property length", V5, "82 ## 000a 8000 <a> 00", MALFORMED_PACKET),
    invalid("SUBSCRIBE properties past the end", V5, "82 ## 000a 7f <a> 00", MALFORMED_PACKET),
    invalid("SUBSCRIBE foreign property", V5, "82 ## 000a [2101 00] <a> 00", MALFORMED_PACKET),
    invalid("UNSUBSCRIBE id 0", V5, "a2 ## 0000 [] <a>", PROTOCOL_ERROR),
    invalid("UNSUBSCRIBE without filter", V5, "a2 ## 000a []", PROTOCOL_ERROR),
    invalid("UNSUBSCRIBE identifier", V5, "a2 ## 000a [0b01] <a>", MALFORMED_PACKET),
    invalid("UNSUBSCRIBE filter cut", V5, "a2 ## 000a [] 0002 61", MALFORMED_PACKET),
    invalid("SUBACK without code", V5, "90 ## 000a []", MALFORMED_PACKET),
    invalid("SUBACK code of UNSUBACK", V5, "90 ## 000a [] 11", PROTOCOL_ERROR),
    invalid("SUBACK id 0", V5, "90 ## 0000 [] 00", PROTOCOL_ERROR),
    invalid("UNSUBACK without code", V5, "b0 ## 000a []", MALFORMED_PACKET),
    invalid("UNSUBACK granted QoS", V5, "b0 ## 000a [] 01", PROTOCOL_ERROR),
    invalid("SUBACK flags", V5, "92 ## 000a [] 00", MALFORMED_PACKET),
]
