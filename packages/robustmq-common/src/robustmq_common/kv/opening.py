"""[D] Opening a database: its options, and getting it open although something is damaged.

A damaged table is renamed to its name plus `.corrupt` and the list of tables rebuilt from the
others; a damaged end of the write-ahead log, as a power loss leaves it, is cut off. Each is told in
a sentence that the caller logs.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rocksdict import (
    AccessType,
    BlockBasedOptions,
    Cache,
    DBCompressionType,
    DBRecoveryMode,
    Options,
    Rdict,
)

from robustmq_common.errors import StorageError
from robustmq_common.kv.failures import (
    damaged_file,
    explain,
    in_use,
    is_corruption,
    is_locked,
)

SUSPECTS: Final = "SUSPECTS"
"""File with the names of tables that turned out to be damaged while they were read."""

_DROPPED: Final = re.compile(r"(\d+\.log): dropping (\d+) bytes; (?:Corruption: )?(.*)$")
_REPAIRS: Final = 20
_LOG_SIZE: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a database may take: sizes in bytes, of all its families together.

    write_buffer: written but not yet in tables; the write-ahead log has up to four times that, and
    a start after a crash reads it. whole_flushes: tables of all families are written together, so
    that a crash of a process that does without the write-ahead log loses only the end.
    """

    block_cache: int = 16 * 1024 * 1024
    write_buffer: int = 32 * 1024 * 1024
    max_open_files: int = 512
    whole_flushes: bool = False


def open_rocksdb(
    path: Path, families: Sequence[str], tuning: Tuning
) -> tuple[Rdict, list[str], bool]:
    """Open or create the database in a folder.

    Returns it, a sentence for each thing that was lost, and whether that included files. Raises
    StorageError if the folder cannot be used or somebody else uses it.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        losses = _set_suspects_aside(path, tuning)
    except OSError as error:
        raise explain(path, "open", error) from error
    for _ in range(_REPAIRS):
        try:
            options = {name: _options(tuning) for name in families}
            database = Rdict(str(path), _database_options(tuning), options)
        except Exception as error:
            if is_locked(error):
                raise in_use(path) from error
            if not is_corruption(error):
                raise explain(path, "open", error) from error
            name = damaged_file(error)
            reason = " ".join(str(error).split())
            losses.append(f"{_set_aside(path, name)}: {reason}" if name else reason)
            losses += _repair(path, tuning)
        else:
            return database, [*losses, *_cut_off(path)], bool(losses)
    message = f"cannot open {path}: after {_REPAIRS} repairs it is still damaged ({losses[-1]})"
    raise StorageError(message)


def open_read_only(path: Path, families: Sequence[str], tuning: Tuning) -> Rdict:
    """Open a copy that nobody writes to. Raises StorageError, also if it is damaged."""
    options = {name: _options(tuning) for name in families}
    access = AccessType.read_only(error_if_log_file_exist=False)
    try:
        return Rdict(str(path), _database_options(tuning), options, access)
    except Exception as error:
        raise explain(path, "open", error) from error


def _database_options(tuning: Tuning) -> Options:
    options = _options(tuning)
    options.create_if_missing(True)
    options.create_missing_column_families(True)
    options.set_max_open_files(tuning.max_open_files)
    options.set_db_write_buffer_size(tuning.write_buffer)
    options.set_max_total_wal_size(4 * tuning.write_buffer)
    options.set_wal_recovery_mode(DBRecoveryMode.point_in_time())
    options.set_atomic_flush(tuning.whole_flushes)
    options.set_max_background_jobs(2)
    options.set_bytes_per_sync(1024 * 1024)
    options.set_keep_log_file_num(4)
    options.set_max_log_file_size(_LOG_SIZE)
    options.set_stats_dump_period_sec(0)
    options.set_stats_persist_period_sec(0)
    options.set_skip_stats_update_on_db_open(True)
    return options


def _options(tuning: Tuning) -> Options:
    options = Options(raw_mode=True)
    options.set_write_buffer_size(tuning.write_buffer)
    options.set_compression_type(DBCompressionType.lz4())
    options.set_level_compaction_dynamic_level_bytes(True)
    blocks = BlockBasedOptions()
    blocks.set_block_cache(Cache(tuning.block_cache))
    blocks.set_bloom_filter(10, False)
    # In the cache, so that they count for its size.
    blocks.set_cache_index_and_filter_blocks(True)
    blocks.set_pin_l0_filter_and_index_blocks_in_cache(True)
    options.set_block_based_table_factory(blocks)
    return options


def _set_suspects_aside(path: Path, tuning: Tuning) -> list[str]:
    file = path / SUSPECTS
    if not file.exists():
        return []
    names = dict.fromkeys(file.read_text(encoding="utf-8").split())
    losses = [
        f"{_set_aside(path, name)}: damaged, as reading it had shown"
        for name in names
        if (path / name).exists()
    ]
    if losses:
        losses += _repair(path, tuning)
    file.unlink()
    return losses


def _set_aside(path: Path, name: str) -> str:
    """Rename a damaged file; returns how it is called now."""
    if not (path / name).exists():
        return f"{name} (which is missing)"
    new, count = f"{name}.corrupt", 1
    while (path / new).exists():
        count += 1
        new = f"{name}.corrupt.{count}"
    (path / name).rename(path / new)
    return new


def _repair(path: Path, tuning: Tuning) -> list[str]:
    """Rebuild the list of tables from the tables; returns what else had to be set aside."""
    try:
        Rdict.repair(str(path), _database_options(tuning))
    except Exception as error:
        if is_locked(error):
            raise in_use(path) from error
        raise explain(path, "repair", error) from error
    losses = []
    for table in sorted((path / "lost").glob("*.sst")):
        table.rename(path / table.name)
        losses.append(f"{_set_aside(path, table.name)}: it could not be read")
    return losses


def _cut_off(path: Path) -> list[str]:
    """What the recovery said about the write-ahead log; its own log begins anew at each start."""
    dropped: dict[str, tuple[int, str]] = {}
    for line in (path / "LOG").read_text(encoding="utf-8", errors="replace").splitlines():
        found = _DROPPED.search(line)
        if found is not None:
            size, reason = dropped.get(found[1], (0, found[3]))
            dropped[found[1]] = (size + int(found[2]), reason)
    return [
        f"{name}: the write-ahead log was cut off at a damaged record, of {size} bytes ({reason}); "
        "what was written after it is lost, too"
        for name, (size, reason) in dropped.items()
    ]
