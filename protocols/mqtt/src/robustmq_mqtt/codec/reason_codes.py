"""[H] MQTT 5 reason codes (section 2.4), who may carry them, and their MQTT 3.x counterparts."""

from typing import Final

SUCCESS: Final = 0x00
NORMAL_DISCONNECTION: Final = 0x00
GRANTED_QOS_0: Final = 0x00
GRANTED_QOS_1: Final = 0x01
GRANTED_QOS_2: Final = 0x02
DISCONNECT_WITH_WILL: Final = 0x04
NO_MATCHING_SUBSCRIBERS: Final = 0x10
NO_SUBSCRIPTION_EXISTED: Final = 0x11
CONTINUE_AUTHENTICATION: Final = 0x18
REAUTHENTICATE: Final = 0x19
UNSPECIFIED_ERROR: Final = 0x80
MALFORMED_PACKET: Final = 0x81
PROTOCOL_ERROR: Final = 0x82
IMPLEMENTATION_SPECIFIC_ERROR: Final = 0x83
UNSUPPORTED_PROTOCOL_VERSION: Final = 0x84
CLIENT_IDENTIFIER_NOT_VALID: Final = 0x85
BAD_USER_NAME_OR_PASSWORD: Final = 0x86
NOT_AUTHORIZED: Final = 0x87
SERVER_UNAVAILABLE: Final = 0x88
SERVER_BUSY: Final = 0x89
BANNED: Final = 0x8A
SERVER_SHUTTING_DOWN: Final = 0x8B
BAD_AUTHENTICATION_METHOD: Final = 0x8C
KEEP_ALIVE_TIMEOUT: Final = 0x8D
SESSION_TAKEN_OVER: Final = 0x8E
TOPIC_FILTER_INVALID: Final = 0x8F
TOPIC_NAME_INVALID: Final = 0x90
PACKET_IDENTIFIER_IN_USE: Final = 0x91
PACKET_IDENTIFIER_NOT_FOUND: Final = 0x92
RECEIVE_MAXIMUM_EXCEEDED: Final = 0x93
TOPIC_ALIAS_INVALID: Final = 0x94
PACKET_TOO_LARGE: Final = 0x95
MESSAGE_RATE_TOO_HIGH: Final = 0x96
QUOTA_EXCEEDED: Final = 0x97
ADMINISTRATIVE_ACTION: Final = 0x98
PAYLOAD_FORMAT_INVALID: Final = 0x99
RETAIN_NOT_SUPPORTED: Final = 0x9A
QOS_NOT_SUPPORTED: Final = 0x9B
USE_ANOTHER_SERVER: Final = 0x9C
SERVER_MOVED: Final = 0x9D
SHARED_SUBSCRIPTIONS_NOT_SUPPORTED: Final = 0x9E
CONNECTION_RATE_EXCEEDED: Final = 0x9F
MAXIMUM_CONNECT_TIME: Final = 0xA0
SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED: Final = 0xA1
WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED: Final = 0xA2

_NAMES: Final[dict[int, str]] = {
    SUCCESS: "Success",
    GRANTED_QOS_1: "Granted QoS 1",
    GRANTED_QOS_2: "Granted QoS 2",
    DISCONNECT_WITH_WILL: "Disconnect with Will Message",
    NO_MATCHING_SUBSCRIBERS: "No matching subscribers",
    NO_SUBSCRIPTION_EXISTED: "No subscription existed",
    CONTINUE_AUTHENTICATION: "Continue authentication",
    REAUTHENTICATE: "Re-authenticate",
    UNSPECIFIED_ERROR: "Unspecified error",
    MALFORMED_PACKET: "Malformed Packet",
    PROTOCOL_ERROR: "Protocol Error",
    IMPLEMENTATION_SPECIFIC_ERROR: "Implementation specific error",
    UNSUPPORTED_PROTOCOL_VERSION: "Unsupported Protocol Version",
    CLIENT_IDENTIFIER_NOT_VALID: "Client Identifier not valid",
    BAD_USER_NAME_OR_PASSWORD: "Bad User Name or Password",
    NOT_AUTHORIZED: "Not authorized",
    SERVER_UNAVAILABLE: "Server unavailable",
    SERVER_BUSY: "Server busy",
    BANNED: "Banned",
    SERVER_SHUTTING_DOWN: "Server shutting down",
    BAD_AUTHENTICATION_METHOD: "Bad authentication method",
    KEEP_ALIVE_TIMEOUT: "Keep Alive timeout",
    SESSION_TAKEN_OVER: "Session taken over",
    TOPIC_FILTER_INVALID: "Topic Filter invalid",
    TOPIC_NAME_INVALID: "Topic Name invalid",
    PACKET_IDENTIFIER_IN_USE: "Packet Identifier in use",
    PACKET_IDENTIFIER_NOT_FOUND: "Packet Identifier not found",
    RECEIVE_MAXIMUM_EXCEEDED: "Receive Maximum exceeded",
    TOPIC_ALIAS_INVALID: "Topic Alias invalid",
    PACKET_TOO_LARGE: "Packet too large",
    MESSAGE_RATE_TOO_HIGH: "Message rate too high",
    QUOTA_EXCEEDED: "Quota exceeded",
    ADMINISTRATIVE_ACTION: "Administrative action",
    PAYLOAD_FORMAT_INVALID: "Payload format invalid",
    RETAIN_NOT_SUPPORTED: "Retain not supported",
    QOS_NOT_SUPPORTED: "QoS not supported",
    USE_ANOTHER_SERVER: "Use another server",
    SERVER_MOVED: "Server moved",
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED: "Shared Subscriptions not supported",
    CONNECTION_RATE_EXCEEDED: "Connection rate exceeded",
    MAXIMUM_CONNECT_TIME: "Maximum connect time",
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED: "Subscription Identifiers not supported",
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED: "Wildcard Subscriptions not supported",
}

# The codes each packet may carry [MQTT-3.2.2-8, 3.4.2-1, 3.5.2-1, 3.6.2-1, 3.7.2-1, 3.9.3-2,
# 3.11.3-2, 3.14.2-1, 3.15.2-1]. Both directions together: a DISCONNECT or AUTH code that only the
# other side may use is the session's concern. A set made of bytes holds their values.
CONNACK_CODES: Final[frozenset[int]] = frozenset(
    b"\x00\x80\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8c\x90\x95\x97\x99\x9a\x9b\x9c\x9d\x9f"
)
PUBACK_CODES: Final[frozenset[int]] = frozenset(b"\x00\x10\x80\x83\x87\x90\x91\x97\x99")
PUBREC_CODES: Final[frozenset[int]] = PUBACK_CODES
PUBREL_CODES: Final[frozenset[int]] = frozenset(b"\x00\x92")
PUBCOMP_CODES: Final[frozenset[int]] = PUBREL_CODES
SUBACK_CODES: Final[frozenset[int]] = frozenset(b"\x00\x01\x02\x80\x83\x87\x8f\x91\x97\x9e\xa1\xa2")
SUBACK_CODES_V4: Final[frozenset[int]] = frozenset(b"\x00\x01\x02\x80")
UNSUBACK_CODES: Final[frozenset[int]] = frozenset(b"\x00\x11\x80\x83\x87\x8f\x91")
# Section 2.4 also allows 0x8C (a failed re-authentication), which the table in 3.14 leaves out.
DISCONNECT_CODES: Final[frozenset[int]] = frozenset(
    b"\x00\x04\x80\x81\x82\x83\x87\x89\x8b\x8c\x8d\x8e\x8f\x90"
    b"\x93\x94\x95\x96\x97\x98\x99\x9a\x9b\x9c\x9d\x9e\x9f\xa0\xa1\xa2"
)
AUTH_CODES: Final[frozenset[int]] = frozenset(b"\x00\x18\x19")

# CONNACK return codes of MQTT 3.1 and 3.1.1 (3.1.1 table 3.1).
_V3_ACCEPTED: Final = 0
_V3_UNACCEPTABLE_VERSION: Final = 1
_V3_IDENTIFIER_REJECTED: Final = 2
_V3_SERVER_UNAVAILABLE: Final = 3
_V3_BAD_USER_NAME_OR_PASSWORD: Final = 4
_V3_NOT_AUTHORIZED: Final = 5

_V3_RETURN_CODES: Final[dict[int, int]] = {
    SUCCESS: _V3_ACCEPTED,
    UNSUPPORTED_PROTOCOL_VERSION: _V3_UNACCEPTABLE_VERSION,
    CLIENT_IDENTIFIER_NOT_VALID: _V3_IDENTIFIER_REJECTED,
    BAD_USER_NAME_OR_PASSWORD: _V3_BAD_USER_NAME_OR_PASSWORD,
    UNSPECIFIED_ERROR: _V3_SERVER_UNAVAILABLE,
    IMPLEMENTATION_SPECIFIC_ERROR: _V3_SERVER_UNAVAILABLE,
    SERVER_UNAVAILABLE: _V3_SERVER_UNAVAILABLE,
    SERVER_BUSY: _V3_SERVER_UNAVAILABLE,
    SERVER_SHUTTING_DOWN: _V3_SERVER_UNAVAILABLE,
    QUOTA_EXCEEDED: _V3_SERVER_UNAVAILABLE,
    USE_ANOTHER_SERVER: _V3_SERVER_UNAVAILABLE,
    SERVER_MOVED: _V3_SERVER_UNAVAILABLE,
    CONNECTION_RATE_EXCEEDED: _V3_SERVER_UNAVAILABLE,
}

_V3_RETURN_CODE_NAMES: Final[list[str]] = [
    *("Connection Accepted", "Unacceptable protocol version", "Identifier rejected"),
    *("Server unavailable", "Bad user name or password", "Not authorized"),
]


def reason_name(code: int) -> str:
    """The specification's name of `code`, or `Unknown reason 0x..` for any other number."""
    return _NAMES.get(code, f"Unknown reason 0x{code:02x}")


def return_code_name_v3(code: int) -> str:
    """The name of an MQTT 3.x CONNACK return code, 0..5; `Unknown return code 0x..` otherwise."""
    if code < len(_V3_RETURN_CODE_NAMES):
        return _V3_RETURN_CODE_NAMES[code]
    return f"Unknown return code 0x{code:02x}"


def connack_return_code_v3(code: int) -> int:
    """The MQTT 3.x CONNACK return code (0..5) that says best what the MQTT 5 `code` says.

    "Come back later" reasons become 3; whatever has no counterpart becomes 5, because a client
    that is refused for good should not try again at once.
    """
    return _V3_RETURN_CODES.get(code, _V3_NOT_AUTHORIZED)
