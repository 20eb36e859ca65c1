"""Table 2-4 of the specification, written down a second time to test the codec's own.

One row per property: identifier, attribute, places that allow it, and an encoded value with what
it decodes to. `W` is the will; the other letters are packet types.
"""

from dataclasses import dataclass

from codec_cases.case import wire
from robustmq_mqtt.codec.property_table import WILL
from robustmq_mqtt.codec.wire import (
    AUTH,
    CONNACK,
    CONNECT,
    DISCONNECT,
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

PLACES: dict[str, tuple[int, ...]] = {
    "P": (PUBLISH,),
    "W": (WILL,),
    "C": (CONNECT,),
    "K": (CONNACK,),
    "S": (SUBSCRIBE,),
    "D": (DISCONNECT,),
    "A": (AUTH,),
    "a": (PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK),
    "U": (UNSUBSCRIBE,),
}
EVERYWHERE: tuple[int, ...] = tuple(sorted(place for group in PLACES.values() for place in group))


@dataclass(frozen=True)
class Row:
    """One property."""

    identifier: int
    name: str
    letters: str
    encoded: bytes
    value: object
    out_of_range: tuple[bytes, ...]

    @property
    def places(self) -> set[int]:
        return {place for letter in self.letters for place in PLACES[letter]}

    def __str__(self) -> str:
        return self.name


def _row(identifier: int, name: str, letters: str, text: str, value: object, *bad: str) -> Row:
    return Row(identifier, name, letters, wire(text), value, tuple(wire(item) for item in bad))


ROWS: tuple[Row, ...] = (
    _row(0x01, "payload_format_indicator", "PW", "01", 1, "02", "ff"),
    _row(0x02, "message_expiry_interval", "PW", "00000000", 0),
    _row(0x03, "content_type", "PW", "<text/plain>", "text/plain"),
    _row(0x08, "response_topic", "PW", "<r/1>", "r/1"),
    _row(0x09, "correlation_data", "PW", "0003 00ff00", b"\x00\xff\x00"),
    _row(0x0B, "subscription_identifiers", "PS", "ffffff7f", [268_435_455], "00"),
    _row(0x11, "session_expiry_interval", "CKD", "ffffffff", 0xFFFF_FFFF),
    _row(0x12, "assigned_client_identifier", "K", "<id>", "id"),
    _row(0x13, "server_keep_alive", "K", "0000", 0),
    _row(0x15, "authentication_method", "CKA", "<SCRAM>", "SCRAM"),
    _row(0x16, "authentication_data", "CKA", "0000", b""),
    _row(0x17, "request_problem_information", "C", "00", 0, "02"),
    _row(0x18, "will_delay_interval", "W", "80000000", 0x8000_0000),
    _row(0x19, "request_response_information", "C", "01", 1, "02"),
    _row(0x1A, "response_information", "K", "<x>", "x"),
    _row(0x1C, "server_reference", "KD", "<x>", "x"),
    _row(0x1F, "reason_string", "KDAa", "<because>", "because"),
    _row(0x21, "receive_maximum", "CK", "0001", 1, "0000"),
    _row(0x22, "topic_alias_maximum", "CK", "0000", 0),
    _row(0x23, "topic_alias", "P", "ffff", 65_535, "0000"),
    _row(0x24, "maximum_qos", "K", "01", 1, "02"),
    _row(0x25, "retain_available", "K", "00", 0, "02"),
    _row(0x26, "user_properties", "PWCKSDAaU", "<k> <v>", [("k", "v")]),
    _row(0x27, "maximum_packet_size", "CK", "00000001", 1, "00000000"),
    _row(0x28, "wildcard_subscription_available", "K", "00", 0, "02"),
    _row(0x29, "subscription_identifier_available", "K", "01", 1, "02"),
    _row(0x2A, "shared_subscription_available", "K", "00", 0, "80"),
)
KNOWN: frozenset[int] = frozenset(row.identifier for row in ROWS)
