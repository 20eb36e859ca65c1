import json
import subprocess

import pytest
from bench_command import COMMAND, DEADLINE, Result, bench
from misbehaving_broker import Behaviour, MisbehavingBroker


def listen(broker: MisbehavingBroker, *arguments: object, publish: list[object]) -> Result:
    """Start `sub`, and `pub` once it has subscribed; what `sub` says."""
    with subprocess.Popen(
        [*COMMAND, "mqtt", "sub", "-p", str(broker.port), "--json", "-", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if " 0 connected" not in line:
                break
        assert bench("pub", "-p", broker.port, *publish).code == 0
        out, err = process.communicate(timeout=DEADLINE)
    return Result(process.returncode, json.loads(out), err)


@pytest.mark.parametrize("qos", [0, 1])
def test_messages_of_a_pub_command_are_judged(qos: int) -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        result = listen(
            *(broker, "-c", 2, "-n", 300, "-q", qos, "-t", "robust-bench/+"),
            publish=["-c", 3, "-n", 100, "-q", qos],
        )
    assert (result.code, result.errors) == (0, {})
    assert (result.totals["received"], result.totals["unstamped"]) == (600, 0)
    assert result.document["latency_us"]["end_to_end"]["count"] == 600


@pytest.mark.parametrize(
    ("behaviour", "errors"),
    [
        (Behaviour(drop=10), {"lost": 9}),
        (Behaviour(twice=10), {"duplicate": 9}),
        (Behaviour(late=10), {"out of order": 9}),
    ],
)
def test_what_a_broker_does_to_messages(behaviour: Behaviour, errors: dict[str, int]) -> None:
    with MisbehavingBroker(behaviour).running() as broker:
        result = listen(
            broker, "-c", 1, "-d", 8, "-t", "robust-bench/0", publish=["-c", 1, "-n", 99]
        )
    assert (result.code, result.errors) == (1, errors)


def test_messages_of_others_are_only_counted() -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        result = listen(
            *(broker, "-c", 1, "-n", 10, "-t", "robust-bench/0"),
            publish=["-c", 1, "-n", 10, "-m", "hello"],
        )
    assert (result.code, result.totals["unstamped"]) == (0, 10)
    assert "no stamp" in result.document["notes"][-1]


def test_a_broker_that_goes_away_ends_it() -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        process = subprocess.Popen(
            [*COMMAND, "mqtt", "sub", "-p", str(broker.port), "-c", "2"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        for line in process.stderr:
            if " 2 connected" in line:
                break
    out, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert "2  c" in out
