"""The `quic` table."""

import pytest
from pydantic import ValidationError

from robustmq_broker.config import ListenerConfig
from robustmq_broker.listeners.quic_config import QuicConfig


def test_what_is_safe_is_the_default() -> None:
    config = ListenerConfig(protocol="mqtt", transport="quic", bind="127.0.0.1:14567").quic
    assert (config.zero_rtt, config.retry) == (False, "auto")


@pytest.mark.parametrize(
    "values",
    [
        {"zero_rtt": "perhaps"},
        {"retry": "never"},
        {"max_tickets": 0},
        {"max_handshakes": 3},
        {"idle_timeout": 0},
        {"receive_window": 4095},
        {"socket_buffer": 1},
        {"certfile": "cert.pem"},
    ],
)
def test_what_is_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        QuicConfig.model_validate(values)
