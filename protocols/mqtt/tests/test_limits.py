"""The limits of the message path are those of the configuration."""

from robustmq_mqtt.config import MqttConfig
from robustmq_mqtt.limits import Limits


def test_defaults_are_those_of_the_configuration() -> None:
    assert {name: getattr(MqttConfig().limits(), name) for name in vars_of(Limits())} == {
        name: getattr(Limits(), name) for name in vars_of(Limits())
    }


def vars_of(limits: Limits) -> list[str]:
    """Attribute names; compiled objects have no `__dict__`."""
    return [name for name in dir(limits) if not name.startswith("_")]


def test_every_limit_can_be_configured() -> None:
    # Those two are named otherwise in the configuration.
    derived = {"overflow", "deny_action_disconnect"}
    assert set(vars_of(Limits())) - derived <= set(MqttConfig.model_fields)
