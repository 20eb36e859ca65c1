"""The bytes of a backup: read as written, and refused when anything is wrong with them."""

import pytest

from robustmq_broker.backup.frames import (
    FRAME_MAX,
    HEAD,
    MAGIC,
    Decoder,
    Encoder,
    Entry,
    KeyEntry,
    ShardEntry,
    Totals,
)
from robustmq_common.errors import BackupDamaged
from robustmq_common.spi.storage import Retain, StoredRecord

ENTRIES: list[Entry] = [
    ShardEntry("a", 5, 9, Retain("a", 60.0, None, 1000)),
    StoredRecord(5, b"value", b"key", 1.5, 0.0),
    StoredRecord(7, b"", b"", 2.5, 99.0),
    StoredRecord(8, b"\x00" * 1000, None, 3.5, 0.0),
    KeyEntry(b"", b"empty key"),
    KeyEntry(b"k", b""),
    ShardEntry("b/ü", 0, 0, None),
    ShardEntry("c", 0, 0, Retain("c", None, None, None)),
]
TOTALS = Totals(3, 3, 2)


def frames() -> list[bytes]:
    encoder = Encoder()
    written: list[bytes] = []
    for entry in ENTRIES:
        if isinstance(entry, ShardEntry):
            written.append(encoder.shard(entry))
        elif isinstance(entry, StoredRecord):
            written.append(encoder.record(entry))
        elif isinstance(entry, KeyEntry):
            written.append(encoder.key(entry.key, entry.value))
    return [*written, encoder.end()]


def backup() -> bytes:
    return MAGIC + b"".join(frames())


def decoded(data: bytes, step: int) -> list[Entry]:
    decoder = Decoder()
    found: list[Entry] = []
    for at in range(0, len(data), step):
        found += decoder.feed(data[at : at + step])
    decoder.finish()
    return found


@pytest.mark.parametrize("step", [1, 7, 100, 100_000])
def test_what_was_written_is_read_in_pieces_of_any_size(step: int) -> None:
    assert decoded(backup(), step) == [*ENTRIES, TOTALS]


def test_every_truncation_is_found() -> None:
    data = backup()
    for length in range(len(data)):
        with pytest.raises(BackupDamaged):
            decoded(data[:length], 4096)


def test_every_flipped_bit_is_found() -> None:
    data = backup()
    for at in range(len(data)):
        for bit in (0x01, 0x80):
            flipped = bytearray(data)
            flipped[at] ^= bit
            with pytest.raises(BackupDamaged):
                decoded(bytes(flipped), 4096)


def test_frames_that_are_missing_doubled_or_moved_are_found() -> None:
    parts = frames()
    for at in range(len(parts) - 1):
        without = parts[:at] + parts[at + 1 :]
        doubled = [*parts[: at + 1], *parts[at:]]
        moved = [*parts[:at], parts[at + 1], parts[at], *parts[at + 2 :]]
        for wrong in (without, doubled, moved):
            with pytest.raises(BackupDamaged):
                decoded(MAGIC + b"".join(wrong), 4096)


def test_more_after_the_end_is_found() -> None:
    with pytest.raises(BackupDamaged, match="damaged"):
        decoded(backup() + b"x", 4096)


def test_a_length_beyond_all_measure_is_damage_and_no_reason_to_wait() -> None:
    with pytest.raises(BackupDamaged, match="an entry of"):
        list(Decoder().feed(MAGIC + HEAD.pack(FRAME_MAX + 1, 0, b"R")))


def test_another_file_and_another_version_are_told_apart() -> None:
    with pytest.raises(BackupDamaged, match="is not a backup"):
        list(Decoder().feed(b"PK\x03\x04 something else entirely"))
    with pytest.raises(BackupDamaged, match="another version"):
        list(Decoder().feed(b"RobustMQ backup 7\n"))


def test_a_wrong_count_at_the_end_is_found() -> None:
    encoder = Encoder()
    encoder.totals = Totals(1, 0, 0)
    with pytest.raises(BackupDamaged, match="but found"):
        list(Decoder().feed(MAGIC + encoder.end()))
