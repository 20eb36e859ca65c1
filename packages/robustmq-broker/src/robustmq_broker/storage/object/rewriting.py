"""[P] Which segments to write anew, and what of them is still in use."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from robustmq_broker.storage.object.segment import (
    Block,
    Damaged,
    Record,
    check_block,
    decode_block,
    read_index,
)
from robustmq_broker.storage.object.state import Segment

_SMALL: Final = 0.5
_TINY: Final = 4096
"""Below that, what surrounds the records counts for more than they do."""


@dataclass(slots=True)
class Content:
    """What could be read of a segment.

    lost: the first shard and offset of each block that could not, and of the block after it.
    """

    records: list[Record] = field(default_factory=list)
    shards: set[int] = field(default_factory=set)
    lost: list[tuple[Block, Block | None]] = field(default_factory=list)
    problem: str = ""


def choose(
    segments: Mapping[int, Segment], segment_size: int, least: int, below: float
) -> list[int]:
    """Segments to make one of: mostly dead ones, or `least` small ones; none if it is not worth it.

    As many as give about one segment of `segment_size`.
    """
    dead: set[int] = set()
    small: list[int] = []
    for id_, segment in segments.items():
        if segment.live <= 0:
            continue
        if segment.size > _TINY and segment.live < segment.size * below:
            dead.add(id_)
            small.append(id_)
        elif segment.size < segment_size * _SMALL:
            small.append(id_)
    if not dead and len(small) < least:
        return []
    small.sort(key=lambda id_: segments[id_].live)
    chosen: list[int] = []
    size = 0
    for id_ in small:
        size += segments[id_].live
        if chosen and size > segment_size:
            break
        chosen.append(id_)
    if len(chosen) == 1 and chosen[0] not in dead:
        return []
    return sorted(chosen)


def read_content(data: bytes, start_of: Callable[[int], int | None]) -> Content:
    """Records of a whole segment that are still in use.

    start_of: where the log of a shard begins, None for one that is no more.
    """
    content = Content()
    try:
        blocks = read_index(data).blocks
    except Damaged as damage:
        content.problem = str(damage)
        return content
    for number, block in enumerate(blocks):
        piece = data[block.position : block.position + block.length]
        try:
            check_block(block, piece)
        except Damaged as damage:
            content.problem = str(damage)
            after = blocks[number + 1] if number + 1 < len(blocks) else None
            content.lost.append((block, after))
            continue
        for record in decode_block(piece):
            content.shards.add(record[0])
            start = start_of(record[0])
            if start is not None and record[1] >= start:
                content.records.append(record)
    return content


def in_order(contents: Iterable[Content]) -> list[Record]:
    """The records of several segments, sorted."""
    records = [record for content in contents for record in content.records]
    records.sort(key=lambda record: (record[0], record[1]))
    return records
