import pytest
from bench_command import bench, run
from misbehaving_broker import Behaviour, MisbehavingBroker


def test_clients_connect_and_leave() -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        result = bench(
            *("conn", "-p", broker.port, "-c", 9, "--processes", 2, "-V", "5", "-i", "me"),
            *("-u", "name", "-P", "secret", "--no-clean", "--session-expiry", 60, "-k", 7),
        )
        assert (result.code, result.errors) == (0, {})
        assert (result.totals["connected"], result.totals["open"]) == (9, 9)
        assert result.document["latency_us"]["connect"]["count"] == 9
        assert result.document["parameters"]["password"] == "(not shown)"
        assert {one.client_id for one in broker.connects} == {f"me-c{n}" for n in range(9)}
        first = broker.connects[0]
        assert (first.version, first.username, first.password) == (5, "name", b"secret")
        assert (first.clean_start, first.keep_alive) == (False, 7)
        assert first.properties is not None
        assert first.properties.session_expiry_interval == 60


def test_connections_are_held() -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        result = bench("conn", "-p", broker.port, "-c", 3, "-d", "1s", "--subscribe", "x/%i")
    assert (result.code, result.totals["subscribed"]) == (0, 3)
    # uvloop counts in milliseconds.
    assert result.document["seconds"] >= 0.99


def test_connections_are_created_again_and_again() -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        result = bench("conn", "-p", broker.port, "-c", 3, "--mode", "create", "-n", 4)
    assert (result.code, result.totals["connected"], result.totals["open"]) == (0, 12, 0)
    assert result.document["rates"]["connected"] > 0


def test_a_ramp_takes_its_time() -> None:
    with MisbehavingBroker(Behaviour()).running() as broker:
        result = bench("conn", "-p", broker.port, "-c", 5, "--ramp", 1)
    assert result.code == 0
    assert result.document["connect_seconds"] >= 0.8


def test_nobody_is_there(free_port: int) -> None:
    result = bench("conn", "-p", free_port, "-c", 7)
    assert result.code == 1
    assert result.errors == {"connection refused": 7}
    assert result.totals["connected"] == 0


@pytest.mark.parametrize(
    ("behaviour", "version", "reason"),
    [
        (Behaviour(connack=0x86), "5.0", "CONNACK 0x86 Bad User Name or Password"),
        (Behaviour(connack=0x87), "3.1.1", "CONNACK 0x05 Not authorized"),
        (Behaviour(connack=None), "3.1.1", "CONNACK timeout"),
        (Behaviour(suback=None), "3.1.1", "SUBACK timeout"),
        (Behaviour(suback=0x80), "3.1.1", "SUBACK 0x80 Unspecified error"),
    ],
)
def test_what_a_broker_may_say_to_a_client(behaviour: Behaviour, version: str, reason: str) -> None:
    with MisbehavingBroker(behaviour).running() as broker:
        result = bench(
            *("conn", "-p", broker.port, "-c", 3, "-V", version, "-t", "x", "--timeout", 1)
        )
    assert (result.code, result.errors) == (1, {reason: 3})


def test_many_clients_do_not_wait_for_the_same_silence_one_after_the_other() -> None:
    with MisbehavingBroker(Behaviour(connack=None)).running() as broker:
        result = bench("conn", "-p", broker.port, "-c", 1000, "--timeout", 1)
    assert result.code == 1
    assert sum(result.errors.values()) == 1000
    assert result.errors["not tried, for the server did not answer others"] > 500


def test_a_broker_that_does_not_answer_pings() -> None:
    with MisbehavingBroker(Behaviour(pings=False)).running() as broker:
        result = bench("conn", "-p", broker.port, "-c", 2, "-d", 60, "-k", 2)
    assert (result.code, result.errors) == (1, {"PINGRESP timeout": 2})
    assert result.document["seconds"] < 30


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--clients", "0"], "--clients"),
        (["--processes", "3", "-c", "2"], "--processes"),
        (["--mode", "loop"], "--mode"),
        (["-P", "secret"], "--password"),
        (["--subscribe", "a/%n"], "--topic"),
        (["--json", "/missing/folder/x.json"], "--json"),
    ],
)
def test_wrong_arguments(arguments: list[str], names: str) -> None:
    done = run("conn", *arguments)
    assert done.returncode == 2
    assert names in done.stderr
    assert done.stdout == ""
