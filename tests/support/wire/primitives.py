"""The data types of MQTT section 1.5, both ways."""


class WireError(AssertionError):
    """What a server sent breaks the specification."""


def u8(value: int) -> bytes:
    return value.to_bytes(1, "big")


def u16(value: int) -> bytes:
    return value.to_bytes(2, "big")


def u32(value: int) -> bytes:
    return value.to_bytes(4, "big")


def varint(value: int) -> bytes:
    """A variable byte integer in as few bytes as it needs."""
    encoded = bytearray()
    while True:
        value, low = divmod(value, 128)
        encoded.append(low | 0x80 if value else low)
        if not value:
            return bytes(encoded)


def binary(value: bytes) -> bytes:
    return u16(len(value)) + value


def string(value: str | bytes) -> bytes:
    """A length-prefixed string; ``bytes`` may hold what no string may."""
    return binary(value.encode() if isinstance(value, str) else value)


class Cursor:
    """Reads the parts of one packet in turn; every misstep is a WireError."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    @property
    def done(self) -> bool:
        return self.at == len(self.data)

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise WireError(f"{count} bytes wanted at {self.at} of {self.data.hex(' ')}")
        self.at += count
        return self.data[self.at - count : self.at]

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.at)

    def u8(self) -> int:
        return self.take(1)[0]

    def u16(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def varint(self) -> int:
        """A variable byte integer; one longer than need be is an error [MQTT-1.5.5-1]."""
        value = 0
        for place in range(4):
            digit = self.u8()
            value |= (digit & 0x7F) << (7 * place)
            if digit < 0x80:
                if place and not digit:
                    raise WireError(f"variable byte integer {value} is longer than needed")
                return value
        raise WireError("variable byte integer has a fifth byte")

    def binary(self) -> bytes:
        return self.take(self.u16())

    def string(self) -> str:
        """A string; ill-formed UTF-8 or U+0000 is an error [MQTT-1.5.4-1] [MQTT-1.5.4-2]."""
        raw = self.binary()
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise WireError(f"ill-formed UTF-8: {raw.hex(' ')}") from error
        if "\0" in text:
            raise WireError(f"U+0000 in {text!r}")
        return text
