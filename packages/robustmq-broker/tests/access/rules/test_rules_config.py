"""The section `[acl_file]`."""

import pytest
from pydantic import ValidationError

from robustmq_broker.access.rules.rules_config import AclFileConfig


def test_defaults_and_durations() -> None:
    config = AclFileConfig.model_validate({"check_interval": "5s"})
    assert (config.path, config.format, config.check_interval) == ("acl.conf", "auto", 5.0)


@pytest.mark.parametrize(
    "bad", [{"path": ""}, {"format": "toml"}, {"check_interval": -1}, {"x": 1}]
)
def test_bad_values(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AclFileConfig.model_validate(bad)
