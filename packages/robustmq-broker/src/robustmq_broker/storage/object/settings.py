"""[D] What can be set of the adapter, below `[storage.settings]`."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from robustmq_broker.storage.adapter_settings import read_adapter_settings
from robustmq_common.config.model import Bytes, Seconds, Section
from robustmq_common.errors import ConfigError

_MB = 1024 * 1024


class ObjectSettings(Section):
    """Keys of `[storage.settings]` when `storage.adapter` is "object"."""

    url: str = Field(
        "",
        description=(
            'Where objects go: any URL that fsspec knows, such as "s3://bucket/prefix" or '
            '"file:///srv/queue".'
        ),
    )
    options: dict[str, Any] = Field(
        {},
        description="For fsspec's constructor of that store: endpoint, credentials. Never logged.",
        repr=False,
    )
    segment_size: Bytes = Field(
        8 * _MB, ge=4096, le=2**30, description="What was written is uploaded when it is this much."
    )
    segment_age: Seconds = Field(
        10.0, ge=0.01, le=86_400, description="Or when the first of it is this old."
    )
    block_size: Bytes = Field(
        65_536, ge=512, le=16 * _MB, description="What has a checksum, and is read at least."
    )
    wal_size: Bytes = Field(
        256 * _MB,
        ge=8192,
        le=2**40,
        description=(
            "What may wait for its upload, on the local disk and in memory. Beyond that, commits "
            "wait, and so do publishers."
        ),
    )
    commit_timeout: Seconds = Field(
        600.0, ge=0.1, le=86_400, description="A commit that has waited this long fails."
    )
    cache: Bytes = Field(
        64 * _MB, ge=65_536, le=2**40, description="Memory for blocks that were read or uploaded."
    )
    read_ahead: Bytes = Field(
        1 * _MB, ge=0, le=2**30, description="What is fetched at once when a log is read on."
    )
    request_timeout: Seconds = Field(
        30.0, ge=0.05, le=3600, description="A request to the store that takes longer has failed."
    )
    retry_delay: Seconds = Field(
        30.0, ge=0.01, le=3600, description="Longest time between two tries of an upload."
    )
    close_timeout: Seconds = Field(
        10.0,
        ge=0,
        le=3600,
        description="How long a stop tries to upload what the local log holds; it keeps the rest.",
    )
    fence_interval: Seconds = Field(
        5.0,
        ge=0.05,
        le=3600,
        description="How often to look whether another broker has taken over.",
    )
    compact_segments: int = Field(
        8, ge=2, le=10_000, description="So many small segments are made one."
    )
    compact_below: float = Field(
        0.5, ge=0, lt=1, description="A segment with a smaller part of it in use is written anew."
    )


def read_settings(given: Mapping[str, Any]) -> ObjectSettings:
    """Check what was configured. Raises ConfigError with a line for every problem."""
    settings = read_adapter_settings(ObjectSettings, given)
    if not settings.url:
        message = (
            "storage.settings.url is not set, and has no default: where should objects go? "
            'For example "s3://bucket/prefix" or "file:///srv/queue"'
        )
        raise ConfigError(message)
    return settings
