"""The table password_hashing."""

import pytest
from pydantic import ValidationError

from robustmq_broker.access.hashing.hashing_config import HashingConfig
from robustmq_broker.access.hashing.verification import Argon2Cost


def test_the_default_is_what_owasp_asks_for() -> None:
    assert HashingConfig().cost == Argon2Cost(19_456, 2, 1)


def test_lanes_need_memory() -> None:
    with pytest.raises(ValidationError, match="8 KB for each lane"):
        HashingConfig(memory=65_536, parallelism=9)
    assert HashingConfig(memory="1MB", parallelism=4).cost.memory == 1024  # type: ignore[arg-type]
