"""Round trips through brokers that are all right, and through brokers that are not."""

import signal
import subprocess
import time

import pytest
from bench_command import COMMAND, DEADLINE, bench, run
from misbehaving_broker import Behaviour, MisbehavingBroker

LATE = 2
"""Seconds that the command waits for what does not come."""


@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("version", ["3.1", "3.1.1", "5.0"])
def test_everything_arrives(qos: int, version: str) -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        result = bench(
            *("roundtrip", "-p", broker.port, "-c", 2, "-n", 300),
            *("-q", qos, "-V", version, "--window", 20),
        )
    assert result.code == 0
    assert result.errors == {}
    totals = result.totals
    assert (totals["sent"], totals["received"], totals["lost"]) == (600, 600, 0)
    assert totals["acknowledged"] == (600 if qos else 0)
    latency = result.document["latency_us"]["end_to_end"]
    assert latency["count"] == 600
    assert 0 < latency["p50"] <= latency["p99"] <= latency["max"]


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(
    ("publishers", "subscribers", "topic"), [(1, 4, "fan/%i"), (4, 1, "fan/%i"), (2, 2, "fan")]
)
def test_fans(processes: int, publishers: int, subscribers: int, topic: str) -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        result = bench(
            *("roundtrip", "-p", broker.port, "-t", topic, "-n", 500, "--window", 50),
            *("--publishers", publishers, "--subscribers", subscribers, "--processes", processes),
        )
    assert (result.code, result.errors) == (0, {})
    assert result.totals["received"] == 500 * publishers * subscribers
    assert len(result.document["processes"]) == processes


def test_numbers_in_topics() -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        result = bench("roundtrip", "-p", broker.port, "-t", "a/%c/%n", "-c", 2, "-n", 50)
    assert (result.code, result.totals["received"]) == (0, 100)


@pytest.mark.parametrize(
    ("behaviour", "reason", "count"),
    [
        (Behaviour(drop=10), "lost", 20),
        (Behaviour(twice=10), "duplicate", 20),
        (Behaviour(late=10), "out of order", 20),
    ],
)
@pytest.mark.parametrize("qos", [0, 1])
def test_what_a_broker_does_to_messages(
    behaviour: Behaviour, reason: str, count: int, qos: int
) -> None:
    with MisbehavingBroker(behaviour).running() as broker:
        result = bench(
            *("roundtrip", "-p", broker.port, "-c", 1, "-n", 205, "-q", qos, "--timeout", LATE)
        )
    assert result.code == 1
    assert result.errors[reason] == count
    assert result.totals["sent"] == 205


@pytest.mark.parametrize(
    ("behaviour", "reasons"),
    [
        (Behaviour(disconnect=150), {"DISCONNECT 0x8b Server shutting down"}),
        # What the server has not read when it closes makes the system reset the connection.
        (Behaviour(close=150), {"closed by the server", "connection reset"}),
        (Behaviour(garbage=150), {"protocol error: packet type 0 is reserved"}),
    ],
)
def test_a_publisher_that_is_cut_off(behaviour: Behaviour, reasons: set[str]) -> None:
    with MisbehavingBroker(behaviour).running() as broker:
        result = bench(
            *("roundtrip", "-p", broker.port, "-c", 1, "-n", 1000, "-q", 1, "-V", "5.0"),
            *("--timeout", LATE, "--window", 100),
        )
    assert result.code == 1
    assert sum(result.errors.get(reason, 0) for reason in reasons) == 1
    assert 150 <= result.totals["sent"] < 1000


def test_messages_that_are_never_acknowledged() -> None:
    with MisbehavingBroker(Behaviour(puback=None)).running() as broker:
        begun = time.monotonic()
        result = bench(
            *("roundtrip", "-p", broker.port, "-c", 1, "-q", 1, "-d", 600),
            *("--window", 30, "--timeout", LATE),
        )
    assert result.code == 1
    assert result.errors == {"not acknowledged": 30}
    assert time.monotonic() - begun < DEADLINE / 2


def test_a_refused_subscription_is_told_and_its_publisher_keeps_quiet() -> None:
    with MisbehavingBroker(Behaviour(suback=0x87)).running() as broker:
        result = bench("roundtrip", "-p", broker.port, "-c", 2, "-V", "5", "-n", 10)
    assert result.code == 1
    assert result.errors == {"SUBACK 0x87 Not authorized": 2}
    assert result.totals["sent"] == 0


def test_the_table_says_it_all() -> None:
    with MisbehavingBroker(Behaviour(drop=10)).running() as broker:
        done = run("roundtrip", "-p", broker.port, "-c", 1, "-n", 100, "--timeout", LATE)
    assert done.returncode == 1
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == (
        f"robust-bench mqtt roundtrip 127.0.0.1:{broker.port}: MQTT 3.1.1, QoS 0, "
        "64-byte payloads, 1 publisher, 1 subscriber, 1 process"
    )
    assert "lost 10" in lines
    assert "10 lost" in lines
    assert any(line.startswith("end to end") for line in lines)


def test_a_small_payload_has_no_room_for_the_stamp() -> None:
    done = run("roundtrip", "-s", 15)
    assert done.returncode == 2
    assert "--size" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_tells_what_there_is(number: signal.Signals) -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        command = [*COMMAND, "mqtt", "roundtrip", "-p", str(broker.port), "-d", "600", "-c", "1"]
        process = subprocess.Popen(
            [*command, "--rate", "100"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if "sent 0/s" not in line:
                break
        process.send_signal(number)
        out, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0
    assert "errors: none" in out
    assert "sent" in out
