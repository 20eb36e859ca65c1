"""A publisher waits while the object store is down, and learns of no error."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from broker_process import BrokerProcess
from s3_server import proxied, s3_server
from until import until

pytestmark = pytest.mark.timeout(120)

COUNT = 200
WINDOW = 20
WAL = 65_536


def test_a_publisher_waits_and_learns_of_no_error(tmp_path: Path) -> None:
    acknowledged: Counter[str] = Counter()
    disconnected: list[Any] = []
    with s3_server(tmp_path / "server") as server, proxied(server) as proxy:
        options = server.options(proxy.port)
        settings = {
            "storage.adapter": "object",
            "storage.settings.url": server.url,
            "storage.settings.options": toml(options),
            "storage.settings.wal_size": str(WAL),
            "storage.settings.segment_age": "0.1",
            "storage.settings.request_timeout": "2",
            "storage.settings.retry_delay": "0.3",
        }
        with BrokerProcess(tmp_path / "broker", settings) as broker:
            client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
            client.max_inflight_messages_set(WINDOW)
            client.on_publish = lambda *args: acknowledged.update([str(args[3])])
            client.on_disconnect = lambda *args: disconnected.append(args[3])
            client.connect(*broker.addresses["tcp"])
            client.loop_start()
            try:
                proxy.set("down")
                for number in range(COUNT):
                    client.publish(f"kept/{number}", bytes(2000), qos=1, retain=True)
                folder = tmp_path / "broker" / "object" / "wal"
                asyncio.run(until(lambda: log_bytes(folder) >= WAL, "the log does not fill"))
                seen = proxy.requests
                asyncio.run(until(lambda: proxy.requests > seen + 2, "nothing is tried again"))
                assert acknowledged.total() <= WAL // 2000 + WINDOW
                assert log_bytes(folder) < WAL + (WINDOW + 1) * 2200
                assert disconnected == []
                proxy.set("pass")
                asyncio.run(until(lambda: acknowledged.total() == COUNT, "acknowledgements lack"))
                assert set(acknowledged) == {"No matching subscribers"}
                assert disconnected == []
            finally:
                client.disconnect()
                client.loop_stop()


def log_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.wal"))


def toml(options: dict[str, Any]) -> str:
    """As `--set` takes a table."""
    inner = [
        f"{key} = {toml(value) if isinstance(value, dict) else json.dumps(value)}"
        for key, value in options.items()
    ]
    return f"{{ {', '.join(inner)} }}"
