"""The errors a decoder may raise."""

from robustmq_mqtt.codec.errors import MalformedPacket, PacketError, ProtocolViolation


def test_each_knows_its_reason_code_and_sentence() -> None:
    error = PacketError(0x95, "too much")
    assert (error.reason_code, error.reason, str(error)) == (0x95, "too much", "too much")
    assert MalformedPacket("x").reason_code == 0x81
    assert ProtocolViolation("x").reason_code == 0x82
    assert issubclass(MalformedPacket, PacketError)
    assert issubclass(ProtocolViolation, PacketError)
