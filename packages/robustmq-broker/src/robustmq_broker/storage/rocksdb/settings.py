"""[D] What can be set of the adapter, below `[storage.settings]`."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from robustmq_common.config.assignments import Assignment, Origin
from robustmq_common.config.load import load_settings
from robustmq_common.config.model import Bytes, Section


class RocksdbSettings(Section):
    """Keys of `[storage.settings]` when `storage.adapter` is "rocksdb"."""

    block_cache: Bytes = Field(
        16_777_216, ge=1_048_576, le=2**40, description="Memory for what is read often."
    )
    write_buffer: Bytes = Field(
        33_554_432,
        ge=65_536,
        le=2**36,
        description=(
            "Memory for what is not in tables yet. A start after a crash reads up to four times as "
            "much from the write-ahead log."
        ),
    )
    max_open_files: int = Field(
        512, ge=16, le=1_000_000, description="Tables that are held open at once."
    )
    cached_shards: int = Field(
        100_000,
        ge=16,
        le=100_000_000,
        description="Shards whose bounds are kept in memory, about 250 bytes each.",
    )


class _Storage(Section):
    settings: RocksdbSettings = Field(RocksdbSettings(), description="Keys of this adapter.")


def read_settings(given: Mapping[str, Any]) -> RocksdbSettings:
    """Check what was configured. Raises ConfigError with a line for every problem."""
    origin = Origin("configuration")
    options = [Assignment(("storage", "settings", key), given[key], origin) for key in given]
    checked = load_settings({"storage": _Storage}, None, {}, [], options=options)
    storage: _Storage = checked.section("storage")
    return storage.settings
