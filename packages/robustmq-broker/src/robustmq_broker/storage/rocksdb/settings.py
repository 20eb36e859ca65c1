"""[D] What can be set of the adapter, below `[storage.settings]`."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from robustmq_broker.storage.adapter_settings import read_adapter_settings
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


def read_settings(given: Mapping[str, Any]) -> RocksdbSettings:
    """Check what was configured. Raises ConfigError with a line for every problem."""
    return read_adapter_settings(RocksdbSettings, given)
