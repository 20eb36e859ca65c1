"""The cursor that rare packets are read with."""

import pytest

from robustmq_mqtt.codec.errors import MalformedPacket
from robustmq_mqtt.codec.reader import Reader

DATA = (
    b"\xff" + b"\x07" + b"\x01\x02" + b"\x01\x02\x03\x04" + b"\x80\x01" + b"\x00\x01a\x00\x01\xff"
)


def test_reads_field_by_field() -> None:
    reader = Reader(DATA, 1, len(DATA))
    assert reader.u8("a") == 7
    assert reader.u16("b") == 0x0102
    assert reader.u32("c") == 0x01020304
    assert reader.varint() == 128
    assert reader.string("d") == "a"
    assert reader.binary("e") == b"\xff"
    assert reader.pos == len(DATA)
    reader.finish("packet")


def test_never_reads_past_its_end() -> None:
    for end in range(1, len(DATA)):
        reader = Reader(DATA, 1, end)
        with pytest.raises(MalformedPacket):
            _ = (
                reader.u8("a"),
                reader.u16("b"),
                reader.u32("c"),
                reader.varint(),
                reader.string("d"),
                reader.binary("e"),
            )


def test_names_the_field_at_fault() -> None:
    with pytest.raises(MalformedPacket, match="keep alive is cut short"):
        Reader(b"\0", 0, 1).u16("keep alive")
    with pytest.raises(MalformedPacket, match="flags is missing"):
        Reader(b"", 0, 0).u8("flags")
    with pytest.raises(MalformedPacket, match="2 unexpected bytes at the end of SUBACK"):
        Reader(b"\0\0", 0, 2).finish("SUBACK")
