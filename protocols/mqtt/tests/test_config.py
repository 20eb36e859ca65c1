"""The section `[mqtt]`: every key is described, bounded, and has a test that shows it works."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from robustmq_mqtt.config import MqttConfig
from robustmq_mqtt.limits import DISCONNECT_SUBSCRIBER, DROP_NEWEST, DROP_OLDEST

KEYS = sorted(MqttConfig.model_fields)


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_described(key: str) -> None:
    description = MqttConfig.model_fields[key].description
    assert description
    assert description.endswith(".")


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_tried(key: str) -> None:
    """Some test makes a broker with it: `make_broker(key=...)`, or names it in a table."""
    tests = Path(__file__).parent.glob("test_*.py")
    used = re.compile(rf"\b{key}=|\"{key}\"")
    assert any(used.search(path.read_text()) for path in tests if path.name != "test_config.py")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("connect_timeout", 0),
        ("max_packet_size", 127),
        ("max_packet_size", 268_435_461),
        ("max_qos", 3),
        ("max_topic_levels", 0),
        ("max_client_id_length", 22),
        ("receive_maximum", 0),
        ("receive_maximum", 65_536),
        ("max_inflight", 0),
        ("max_topic_alias", -1),
        ("server_keep_alive", 65_536),
        ("keepalive_multiplier", 0.9),
        ("queue_overflow", "drop_all"),
        ("deny_action", "allow"),
        ("session_expiry_interval", 0x1_0000_0000),
        ("retain_available", "yes"),
        ("no_such_key", 1),
    ],
)
def test_what_is_out_of_range(key: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=key):
        MqttConfig(**{key: value})


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("connect_timeout", "10s", 10.0),
        ("max_packet_size", "1MB", 1_048_576),
        ("session_expiry_interval", "2h", 7_200),
        ("outgoing_buffer", "64KB", 65_536),
    ],
)
def test_quantities_are_written_as_people_write_them(key: str, text: str, value: object) -> None:
    assert getattr(MqttConfig(**{key: text}), key) == value  # type: ignore[arg-type]


def test_limits_are_the_same_for_the_message_path() -> None:
    config = MqttConfig(
        max_inflight=7, queue_overflow="drop_oldest", deny_action="disconnect", max_qos=1
    )
    limits = config.limits()
    assert (limits.max_inflight, limits.max_qos) == (7, 1)
    assert limits.overflow == DROP_OLDEST
    assert limits.deny_action_disconnect
    assert MqttConfig().limits().overflow == DROP_NEWEST
    assert MqttConfig(queue_overflow="disconnect").limits().overflow == DISCONNECT_SUBSCRIBER
