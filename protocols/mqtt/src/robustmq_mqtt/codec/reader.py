"""[H] A cursor over one packet, for the packets that are too rare to be parsed by hand."""

from typing import final

from robustmq_mqtt.codec.errors import MalformedPacket
from robustmq_mqtt.codec.wire import decode_utf8, decode_varint, field_end, read_u16, read_u32


@final
class Reader:
    """Reads `data[pos:end]` field by field; every method names the field in its MalformedPacket."""

    def __init__(self, data: bytes, pos: int, end: int) -> None:
        self.data = data
        self.pos = pos
        self.end = end

    def u8(self, field: str) -> int:
        if self.pos >= self.end:
            raise MalformedPacket(f"{field} is missing")
        value = self.data[self.pos]
        self.pos += 1
        return value

    def u16(self, field: str) -> int:
        value = read_u16(self.data, self.pos, self.end, field)
        self.pos += 2
        return value

    def u32(self, field: str) -> int:
        value = read_u32(self.data, self.pos, self.end, field)
        self.pos += 4
        return value

    def varint(self) -> int:
        packed = decode_varint(self.data, self.pos, self.end)
        self.pos += packed & 7
        return packed >> 3

    def binary(self, field: str) -> bytes:
        start = self.pos + 2
        self.pos = field_end(self.data, self.pos, self.end, field)
        return self.data[start : self.pos]

    def string(self, field: str) -> str:
        start = self.pos + 2
        self.pos = field_end(self.data, self.pos, self.end, field)
        return decode_utf8(self.data, start, self.pos, field)

    def finish(self, packet: str) -> None:
        """Nothing may follow the last field of `packet`."""
        if self.pos != self.end:
            raise MalformedPacket(f"{self.end - self.pos} unexpected bytes at the end of {packet}")
