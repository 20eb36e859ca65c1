"""Damages packets: the mutation engine of the codec fuzzer."""

import random
from collections.abc import Callable, Sequence

MAX_SIZE = 600
# Borders of lengths, integers and UTF-8, and the property identifiers.
INTERESTING = bytes([0x00, 0x01, 0x02, 0x7E, 0x7F, 0x80, 0x81, 0xC0, 0xC2, 0xED, 0xF4, 0xFE, 0xFF])
INTERESTING += bytes(range(0x01, 0x2B))
CHUNKS = (
    bytes.fromhex("80"),
    bytes.fromhex("8000"),
    bytes.fromhex("ffffff7f"),
    bytes.fromhex("8080808001"),
    bytes.fromhex("0000"),
    bytes.fromhex("0001"),
    bytes.fromhex("ffff"),
    bytes.fromhex("00000000"),
    bytes.fromhex("ffffffff"),
    bytes.fromhex("0003eda080"),
    bytes.fromhex("000100"),
    bytes.fromhex("0002c080"),
    bytes.fromhex("26000161000162"),
    bytes.fromhex("230001"),
    bytes.fromhex("1100000001"),
    bytes.fromhex("00044d515454"),
    bytes.fromhex("00064d5149736470"),
)


class Mutator:
    """An endless supply of damaged frames; the random generator decides everything."""

    def __init__(self, chance: random.Random, frames: Sequence[bytes]) -> None:
        self._chance = chance
        self._frames = frames
        self._ways: tuple[Callable[[bytearray], None], ...] = (
            self._flip_bit,
            self._set_byte,
            self._set_byte,
            self._step_byte,
            self._insert_chunk,
            self._insert_random,
            self._remove,
            self._repeat,
            self._cut,
            self._splice,
        )

    def next(self) -> bytes:
        """One input of at most `MAX_SIZE` bytes."""
        chance = self._chance
        if chance.random() < 0.02:
            return chance.randbytes(chance.randrange(40))
        data = bytearray(chance.choice(self._frames))
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 5, 8))):
            chance.choice(self._ways)(data)
        del data[MAX_SIZE:]
        # Without a fitting length most damage would only show that a packet is incomplete.
        if chance.random() < 0.7:
            data = self._with_fitting_length(data)
        if chance.random() < 0.2:
            data += chance.choice(self._frames)
        return bytes(data)

    def _at(self, data: bytearray) -> int:
        return self._chance.randrange(len(data) + 1)

    def _flip_bit(self, data: bytearray) -> None:
        if data:
            data[self._chance.randrange(len(data))] ^= 1 << self._chance.randrange(8)

    def _set_byte(self, data: bytearray) -> None:
        if data:
            data[self._chance.randrange(len(data))] = self._chance.choice(INTERESTING)

    def _step_byte(self, data: bytearray) -> None:
        if data:
            at = self._chance.randrange(len(data))
            data[at] = (data[at] + self._chance.choice((-1, 1))) & 0xFF

    def _insert_chunk(self, data: bytearray) -> None:
        at = self._at(data)
        data[at:at] = self._chance.choice(CHUNKS)

    def _insert_random(self, data: bytearray) -> None:
        at = self._at(data)
        data[at:at] = self._chance.randbytes(self._chance.randrange(1, 9))

    def _remove(self, data: bytearray) -> None:
        at = self._at(data)
        del data[at : at + self._chance.randrange(1, 9)]

    def _repeat(self, data: bytearray) -> None:
        at = self._at(data)
        piece = data[at : at + self._chance.randrange(1, 17)]
        data[at:at] = piece * self._chance.randrange(1, 4)

    def _cut(self, data: bytearray) -> None:
        del data[self._at(data) :]

    def _splice(self, data: bytearray) -> None:
        other = self._chance.choice(self._frames)
        data[self._at(data) :] = other[self._chance.randrange(len(other) + 1) :]

    @staticmethod
    def _with_fitting_length(data: bytearray) -> bytearray:
        size = len(data) - 2
        if size < 0:
            return data
        length = bytearray()
        while size > 0x7F:
            length.append(size & 0x7F | 0x80)
            size >>= 7
        length.append(size)
        return data[:1] + length + data[2:]
