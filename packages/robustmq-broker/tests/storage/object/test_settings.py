"""Settings of the adapter are checked like every key of the configuration."""

import pytest

from robustmq_broker.storage.object.settings import read_settings
from robustmq_common.errors import ConfigError


def test_only_the_url_has_no_default() -> None:
    assert read_settings({"url": "memory://queue"}).segment_size == 8 * 1024 * 1024
    with pytest.raises(ConfigError, match=r"storage\.settings\.url"):
        read_settings({})


def test_sizes_and_durations_are_written_as_everywhere() -> None:
    settings = read_settings({"url": "memory://q", "segment_size": "1MB", "segment_age": "2s"})
    assert (settings.segment_size, settings.segment_age) == (1_048_576, 2.0)


def test_credentials_are_not_shown() -> None:
    settings = read_settings({"url": "s3://b/p", "options": {"secret": "hush"}})
    assert settings.options["secret"] == "hush"
    assert "hush" not in repr(settings)
    with pytest.raises(ConfigError) as caught:
        read_settings({"url": "s3://b/p", "options": {"secret": "hush"}, "cache": 1})
    assert "hush" not in str(caught.value)
