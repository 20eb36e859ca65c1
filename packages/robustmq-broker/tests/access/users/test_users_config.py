"""The table users."""

import pytest
from pydantic import ValidationError

from robustmq_broker.access.users.users_config import UsersConfig


def test_scram_is_off_and_dear_unless_asked_for() -> None:
    config = UsersConfig()
    assert config.scram == []
    assert config.scram_iterations == 600_000
    assert config.user_id_type == "username"


def test_fewer_iterations_than_the_rfc_asks_for_are_refused() -> None:
    with pytest.raises(ValidationError):
        UsersConfig(scram_iterations=4095)
    with pytest.raises(ValidationError):
        UsersConfig(scram=["SCRAM-SHA-1"])  # type: ignore[list-item]
