"""Segments: what is written is found again, and what is damaged is noticed."""

from math import inf

import pytest

from robustmq_broker.storage.object.segment import (
    Damaged,
    Extent,
    Record,
    check_block,
    decode_block,
    encode_segment,
    read_index,
    select_from_block,
)

RECORDS: list[Record] = [
    (1, offset, (b"%d" % offset * 20, b"key", float(offset), 0.0)) for offset in range(5, 40)
] + [(2, 0, (b"", None, 7.0, 99.0)), (2, 1, (b"x", b"", 3.0, 50.0)), (2, 9, (b"y", None, 0.0, 0.0))]


def blocks(data: bytes) -> list[bytes]:
    found = []
    for block in read_index(data).blocks:
        piece = data[block.position : block.position + block.length]
        check_block(block, piece)
        found.append(piece)
    return found


def test_round_trip() -> None:
    data, _ = encode_segment(7, RECORDS, 512)
    pieces = blocks(data)
    assert len(pieces) > 2
    assert [record for piece in pieces for record in decode_block(piece)] == RECORDS


def test_extents_are_runs_of_offsets() -> None:
    _, extents = encode_segment(7, RECORDS, 512)
    assert [(it.first, it.end) for it in extents[1]] == [(5, 40)]
    assert extents[1][0].size == sum(len(it[2][0]) + 3 for it in RECORDS if it[0] == 1)
    assert extents[2] == [Extent(7, 0, 2, 1, 7.0, 50.0), Extent(7, 9, 10, 1, 0.0, inf)]


def test_every_record_is_in_the_block_that_the_index_says() -> None:
    data, _ = encode_segment(7, RECORDS, 300)
    index, pieces = read_index(data), blocks(data)
    for shard, offset, kept in RECORDS:
        piece = pieces[index.find(shard, offset)]
        assert select_from_block(piece, shard, offset, offset + 1) == [(offset, kept)]
    assert select_from_block(pieces[0], 1, 6, 8) == [(it[1], it[2]) for it in RECORDS[1:3]]
    assert select_from_block(pieces[0], 3, 0, 100) == []


def test_every_damaged_byte_is_noticed() -> None:
    data, _ = encode_segment(7, RECORDS[:12], 300)
    for at in range(8, len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 1
        with pytest.raises(Damaged):
            blocks(bytes(damaged))
    for end in (0, 5, 20, len(data) // 2, len(data) - 1):
        with pytest.raises(Damaged):
            blocks(data[:end])
