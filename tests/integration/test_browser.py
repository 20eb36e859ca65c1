"""MQTT.js in a page, in a real headless Chromium."""

import json
import subprocess
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from plugin_folder import install_sample
from real_clients.needed import need_node_module, need_program
from websocket_broker import WebSocketBroker, websocket_broker

JS = Path(__file__).parent / "js"
SHOWN = [*(f"Grüße mit QoS {qos}" for qos in (0, 1, 2)), "300000 bytes"]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSocketBroker]:
    plugins = tmp_path_factory.mktemp("plugins")
    install_sample("test-auth", plugins)
    settings = {"access.authenticators": '["test-users"]', "access.no_match": "allow"}
    with websocket_broker(tmp_path_factory.mktemp("browser"), settings, plugins) as broker:
        yield broker


def shown(
    broker: WebSocketBroker, transport: str, topic: str, password: str, folder: Path
) -> dict[str, Any]:
    """What the page shows in the end."""
    node = need_program("node", "nodejs")
    chromium = need_program("chromium", "chromium")
    need_node_module("mqtt")
    need_node_module("playwright-core")
    given = {"url": broker.url(transport), "topic": topic}
    given |= {"username": "alice", "password": password}
    page = f"{(JS / 'page.html').as_uri()}?{urllib.parse.urlencode(given)}"
    command = [
        *(node, str(JS / "browser.mjs"), chromium, str(folder / "profile")),
        *(broker.certificate.pin, page, str(len(SHOWN))),
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.mark.timeout(120)
@pytest.mark.parametrize("transport", ["ws", "wss"])
def test_a_page(broker: WebSocketBroker, transport: str, topic: str, tmp_path: Path) -> None:
    got = shown(broker, transport, topic, "wonderland", tmp_path)
    assert got["state"] == "published"
    # A QoS 2 message is shown when it is released, so another may overtake it.
    assert sorted(got["messages"]) == sorted(SHOWN)


@pytest.mark.timeout(120)
def test_a_page_with_a_wrong_password(broker: WebSocketBroker, topic: str, tmp_path: Path) -> None:
    got = shown(broker, "ws", topic, "guess", tmp_path)
    assert str(got["state"]).startswith("error: Connection refused: Bad User Name or Password")
    assert got["messages"] == []
