import pytest
from bench_command import bench, run
from misbehaving_broker import Behaviour, MisbehavingBroker


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_all_is_sent_and_acknowledged(qos: int) -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        result = bench(
            "pub", "-p", broker.port, "-c", 3, "-n", 100, "-q", qos, "-s", "1KB", "-t", "x/%i/%n"
        )
        assert broker.messages == 300
    assert (result.code, result.errors) == (0, {})
    assert result.totals["sent"] == 300
    assert result.totals["sent_bytes"] > 300 * 1024
    assert result.document["latency_us"]["acknowledge"]["count"] == (300 if qos else 0)


def test_a_rate_is_kept() -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        result = bench("pub", "-p", broker.port, "-c", 4, "-d", 2, "--rate", 50)
    assert result.code == 0
    assert 300 <= result.totals["sent"] <= 404
    # A point for every second, and one for the end.
    assert len(result.document["series"]) >= 2


def test_a_rate_that_is_out_of_reach_is_noted() -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        result = bench(
            *("pub", "-p", broker.port, "-c", 1, "-d", 1, "--rate", 10_000_000, "-q", 1),
            *("--window", 1),
        )
    assert result.code == 0
    assert any("were asked for" in note for note in result.document["notes"])


def test_a_given_payload() -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        result = bench("pub", "-p", broker.port, "-c", 1, "-n", 5, "-m", "hello", "-V", "3.1")
    assert (result.code, result.totals["sent"]) == (0, 5)


def test_the_receive_maximum_of_a_server_is_kept() -> None:
    behaviour = Behaviour(puback=None, receive_maximum=7)
    with MisbehavingBroker(behaviour).running() as broker:
        result = bench(
            *("pub", "-p", broker.port, "-c", 1, "-n", 50, "-q", 1, "-V", "5"),
            *("--window", 20, "--timeout", 1),
        )
    assert (result.code, result.errors) == (1, {"not acknowledged": 7})


def test_refused_messages_are_counted() -> None:
    with MisbehavingBroker(Behaviour(puback=0x97)).running() as broker:
        result = bench("pub", "-p", broker.port, "-c", 1, "-n", 20, "-q", 1, "-V", "5.0")
    assert (result.code, result.errors) == (1, {"PUBACK 0x97 Quota exceeded": 20})


def test_a_broker_that_stops_reading() -> None:
    with MisbehavingBroker(Behaviour(deaf=3)).running() as broker:
        result = bench(
            *("pub", "-p", broker.port, "-c", 1, "-d", 600, "-s", "64KB", "--timeout", 1)
        )
    assert result.code == 1
    assert result.errors == {"write timeout (the server stopped reading)": 1}


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["-t", "a/#"], "--topic"),
        (["-q", "3"], "--qos"),
        (["-s", "lots"], "--size"),
        (["-s", "1GB"], "--size"),
        (["-V", "6"], "--version"),
        (["-d", "soon"], "--duration"),
        (["-c", "70000"], "--clients"),
    ],
)
def test_wrong_arguments(arguments: list[str], names: str) -> None:
    done = run("pub", *arguments)
    assert done.returncode == 2
    assert names in done.stderr
