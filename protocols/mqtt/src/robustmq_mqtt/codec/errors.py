"""[H] What a decoder raises when a peer's bytes break the protocol.

PacketError                 any violation; knows the MQTT 5 reason code to answer with
├── MalformedPacket         0x81: the bytes do not parse
└── ProtocolViolation       0x82: they parse, but say something the specification forbids

Other reason codes (0x84 unsupported version, 0x94 topic alias, 0x95 too large) are raised as
`PacketError` itself. Sentences name the packet or field at fault and never quote the peer's
payload.
"""

from robustmq_mqtt.codec.reason_codes import MALFORMED_PACKET, PROTOCOL_ERROR


class PacketError(Exception):
    """A peer sent a packet that must not be processed; its connection has to be closed.

    `reason_code` is what CONNACK or DISCONNECT carries in MQTT 5 (3.x can only close), and
    `reason` is one sentence for the log line and the Reason String.
    """

    def __init__(self, reason_code: int, reason: str) -> None:
        super().__init__(reason)
        self.reason_code = reason_code
        self.reason = reason


class MalformedPacket(PacketError):
    """The bytes are not a packet (reason code 0x81)."""

    def __init__(self, reason: str) -> None:
        super().__init__(MALFORMED_PACKET, reason)


class ProtocolViolation(PacketError):
    """The packet parses but is not allowed (reason code 0x82)."""

    def __init__(self, reason: str) -> None:
        super().__init__(PROTOCOL_ERROR, reason)
