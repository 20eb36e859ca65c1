"""robust-bench against the broker that it comes with."""

import json
import subprocess
import sys
from typing import Any

import pytest

from broker_process import BrokerProcess

COMMAND = [sys.executable, "-m", "robustmq_cli.bench", "mqtt"]
DEADLINE = 45.0


def bench(broker: BrokerProcess, *arguments: object) -> dict[str, Any]:
    """What a command that must find nothing wrong says."""
    command = [*COMMAND, *map(str, arguments), "-p", str(broker.port), "--json", "-"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0, done.stdout + done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.parametrize("version", ["3.1", "3.1.1", "5.0"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_round_trips(broker: BrokerProcess, version: str, qos: int) -> None:
    told = bench(
        broker, "roundtrip", "-c", 4, "-n", 2_000, "-q", qos, "-V", version, "--processes", 2
    )
    assert told["totals"]["sent"] == told["totals"]["received"] == 8_000
    assert told["latency_us"]["end_to_end"]["count"] == 8_000


@pytest.mark.parametrize(("publishers", "subscribers"), [(1, 8), (8, 1)])
def test_fans(broker: BrokerProcess, publishers: int, subscribers: int) -> None:
    told = bench(
        *(broker, "roundtrip", "--publishers", publishers, "--subscribers", subscribers),
        *("-n", 1_000, "--processes", 2),
    )
    assert told["totals"]["received"] == 1_000 * publishers * subscribers


def test_connections(broker: BrokerProcess) -> None:
    assert bench(broker, "conn", "-c", 200, "--processes", 2)["totals"]["open"] == 200


def test_publishers(broker: BrokerProcess, topic: str) -> None:
    told = bench(broker, "pub", "-c", 2, "-n", 1_000, "-q", 1, "-t", f"{topic}/%i")
    assert told["totals"]["acknowledged"] == 2_000
