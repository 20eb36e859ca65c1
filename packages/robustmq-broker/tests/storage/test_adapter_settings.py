"""Settings of adapters are checked like the rest; what each has is tested with it."""

import pytest
from pydantic import Field

from robustmq_broker.storage.adapter_settings import read_adapter_settings
from robustmq_common.config.model import Bytes, Section
from robustmq_common.errors import ConfigError


class Wanted(Section):
    """What some adapter has."""

    room: Bytes = Field(4096, ge=1024, description="How much.")


def test_defaults_and_values() -> None:
    assert read_adapter_settings(Wanted, {}).room == 4096
    assert read_adapter_settings(Wanted, {"room": "8KB"}).room == 8192


def test_every_problem_by_its_path() -> None:
    with pytest.raises(ConfigError) as caught:
        read_adapter_settings(Wanted, {"room": 1, "rooms": 2})
    message = str(caught.value)
    assert "storage.settings.room" in message
    assert "storage.settings.rooms" in message
