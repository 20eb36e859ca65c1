import pytest
from pydantic import ValidationError

from robustmq_broker.listeners.websocket.settings import WebSocketConfig


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "mqtt"},
        {"path": ""},
        {"path": "/mqtt?x=1"},
        {"path": "/mqtt#x"},
        {"path": "/grüße"},
        {"max_frame_size": 1},
        {"trusted_proxies": ["10.0.0.1/8"]},
        {"trusted_proxies": ["proxy.example.org"]},
        {"handshake_timeout": 0},
        {"idle_timeout": 0},
        {"ping_interval": -1},
        {"compression": True},
    ],
    ids=str,
)
def test_bad_values(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        WebSocketConfig.model_validate(wrong)


def test_networks_and_addresses() -> None:
    config = WebSocketConfig(trusted_proxies=["10.0.0.0/8", "::1", "192.0.2.7"])
    assert len(config.trusted_proxies) == 3
