"""Settings of the adapter are checked like every key of the configuration."""

import pytest

from robustmq_broker.storage.rocksdb.settings import read_settings
from robustmq_common.errors import ConfigError


def test_everything_has_a_default() -> None:
    assert read_settings({}).max_open_files == 512


def test_sizes_are_written_as_everywhere() -> None:
    settings = read_settings({"block_cache": "64MB", "write_buffer": 65_536})
    assert (settings.block_cache, settings.write_buffer) == (67_108_864, 65_536)


def test_every_problem_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        read_settings({"block_cache": "lots", "sync_interval": 1, "max_open_files": 1})
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(
        "storage.settings.sync_interval = 1 (configuration): unknown key; there are block_cache, "
    )
    assert lines[1].startswith('storage.settings.block_cache = "lots" (configuration): expected ')
    assert lines[2].startswith("storage.settings.max_open_files = 1 (configuration): expected ")
