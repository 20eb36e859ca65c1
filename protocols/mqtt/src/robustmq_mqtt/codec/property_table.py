"""[H] The MQTT 5 property table (section 2.2.2): identifiers, types, ranges and places."""

from typing import Final, final

from robustmq_mqtt.codec.reason_codes import PROTOCOL_ERROR, TOPIC_ALIAS_INVALID
from robustmq_mqtt.codec.wire import (
    AUTH,
    CONNACK,
    CONNECT,
    DISCONNECT,
    MAX_VARINT,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBACK,
    SUBSCRIBE,
    UNSUBACK,
    UNSUBSCRIBE,
)

# Where a property list stands: the packet type, or WILL for the Will Properties inside CONNECT.
WILL: Final = 16

ONE_BYTE: Final = 1
TWO_BYTES: Final = 2
FOUR_BYTES: Final = 4
VARIABLE: Final = 5
STRING: Final = 6
BINARY: Final = 7
STRING_PAIR: Final = 8

_U16: Final = 0xFFFF
_U32: Final = 0xFFFF_FFFF


@final
class PropertySpec:
    """One row of the table: what a property is called, how it is encoded, where it may stand.

    `places` has bit `1 << packet_type` (or `1 << WILL`) set for each place that allows the
    property. A number outside `lowest..highest` gets reason code `range_error`; what is not a
    number counts as 0. `mark` is a bit of its own.
    """

    def __init__(
        self,
        identifier: int,
        name: str,
        kind: int,
        places: list[int],
        lowest: int = 0,
        highest: int = 0,
        range_error: int = PROTOCOL_ERROR,
    ) -> None:
        self.identifier = identifier
        self.name = name
        self.kind = kind
        self.places = sum([1 << place for place in places])
        self.lowest = lowest
        self.highest = highest
        self.range_error = range_error
        self.mark = 1 << identifier


_ANYWHERE: Final[list[int]] = [
    *(CONNECT, CONNACK, PUBLISH, WILL, PUBACK, PUBREC, PUBREL, PUBCOMP),
    *(SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, DISCONNECT, AUTH),
]
_ANSWERS: Final[list[int]] = [
    *(CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, DISCONNECT, AUTH),
]

# Table 2-4, with the value ranges of the sections that describe each property. Encoders write the
# properties in this order.
PROPERTY_TABLE: Final[list[PropertySpec]] = [
    PropertySpec(0x01, "payload_format_indicator", ONE_BYTE, [PUBLISH, WILL], 0, 1),
    PropertySpec(0x02, "message_expiry_interval", FOUR_BYTES, [PUBLISH, WILL], 0, _U32),
    PropertySpec(0x03, "content_type", STRING, [PUBLISH, WILL]),
    PropertySpec(0x08, "response_topic", STRING, [PUBLISH, WILL]),
    PropertySpec(0x09, "correlation_data", BINARY, [PUBLISH, WILL]),
    PropertySpec(0x0B, "subscription_identifiers", VARIABLE, [PUBLISH, SUBSCRIBE], 1, MAX_VARINT),
    PropertySpec(
        0x11, "session_expiry_interval", FOUR_BYTES, [CONNECT, CONNACK, DISCONNECT], 0, _U32
    ),
    PropertySpec(0x12, "assigned_client_identifier", STRING, [CONNACK]),
    PropertySpec(0x13, "server_keep_alive", TWO_BYTES, [CONNACK], 0, _U16),
    PropertySpec(0x15, "authentication_method", STRING, [CONNECT, CONNACK, AUTH]),
    PropertySpec(0x16, "authentication_data", BINARY, [CONNECT, CONNACK, AUTH]),
    PropertySpec(0x17, "request_problem_information", ONE_BYTE, [CONNECT], 0, 1),
    PropertySpec(0x18, "will_delay_interval", FOUR_BYTES, [WILL], 0, _U32),
    PropertySpec(0x19, "request_response_information", ONE_BYTE, [CONNECT], 0, 1),
    PropertySpec(0x1A, "response_information", STRING, [CONNACK]),
    PropertySpec(0x1C, "server_reference", STRING, [CONNACK, DISCONNECT]),
    PropertySpec(0x1F, "reason_string", STRING, _ANSWERS),
    PropertySpec(0x21, "receive_maximum", TWO_BYTES, [CONNECT, CONNACK], 1, _U16),
    PropertySpec(0x22, "topic_alias_maximum", TWO_BYTES, [CONNECT, CONNACK], 0, _U16),
    # [MQTT-3.3.2-8]; the code for it is in the table of section 3.14.2.1.
    PropertySpec(0x23, "topic_alias", TWO_BYTES, [PUBLISH], 1, _U16, TOPIC_ALIAS_INVALID),
    PropertySpec(0x24, "maximum_qos", ONE_BYTE, [CONNACK], 0, 1),
    PropertySpec(0x25, "retain_available", ONE_BYTE, [CONNACK], 0, 1),
    PropertySpec(0x26, "user_properties", STRING_PAIR, _ANYWHERE),
    PropertySpec(0x27, "maximum_packet_size", FOUR_BYTES, [CONNECT, CONNACK], 1, _U32),
    PropertySpec(0x28, "wildcard_subscription_available", ONE_BYTE, [CONNACK], 0, 1),
    PropertySpec(0x29, "subscription_identifier_available", ONE_BYTE, [CONNACK], 0, 1),
    PropertySpec(0x2A, "shared_subscription_available", ONE_BYTE, [CONNACK], 0, 1),
]


def _index(table: list[PropertySpec]) -> list[PropertySpec | None]:
    index: list[PropertySpec | None] = [None] * 256
    for spec in table:
        index[spec.identifier] = spec
    return index


# Every identifier fits one byte, so a first byte from 0x80 on (a longer identifier) is unknown too.
PROPERTY_BY_IDENTIFIER: Final[list[PropertySpec | None]] = _index(PROPERTY_TABLE)
