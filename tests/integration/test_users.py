"""Users who come in with a password: robust-ctl, real brokers, and real clients."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broker_process import BrokerProcess
from scram_client import Scram
from wire import Auth, Connack, Disconnect, WireClient, code

DEADLINE = 30.0
ADMINISTRATIVE_ACTION = 0x98
CHEAP = {"password_hashing.memory": "65536", "password_hashing.passes": "1"}
USERS = {
    **CHEAP,
    "storage.adapter": "rocksdb",
    "access.authenticators": '["users", "scram"]',
    "access.no_match": "allow",
    "users.scram": '["SCRAM-SHA-256", "SCRAM-SHA-512"]',
    "users.scram_iterations": "4096",
    "listeners.plain": '{protocol="mqtt", bind="127.0.0.1:0", authenticators=["users"]}',
}

Start = Callable[..., BrokerProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a broker on the data directory "broker"; at the end it has stopped cleanly."""
    started: list[BrokerProcess] = []

    def one(settings: dict[str, str]) -> BrokerProcess:
        broker = BrokerProcess(tmp_path / "broker", settings)
        broker.start()
        started.append(broker)
        broker.wait_for_log("control socket")
        return broker

    yield one
    for broker in started:
        if broker.alive():
            broker.stop()


def ctl(folder: Path, *arguments: str, password: str = "") -> str:
    """Run robust-ctl user, which succeeds; returns what it wrote."""
    settings = [f"--set={key}={value}" for key, value in USERS.items()]
    command = [sys.executable, "-m", "robustmq_cli.ctl", "user", *arguments]
    ran = subprocess.run(
        [*command, "--data-dir", str(folder), *settings],
        input=password,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def add(folder: Path, name: str, password: str, *more: str) -> str:
    return ctl(folder, "add", name, "--password-stdin", *more, password=password)


def connected(address: tuple[str, int], name: str, password: bytes) -> WireClient:
    """A client that is let in."""
    client = WireClient(address, code.V5)
    assert client.connect(username=name, password=password).reason == code.SUCCESS
    return client


def refused(address: tuple[str, int], name: str, password: bytes) -> int:
    """The reason for which a client is refused."""
    with WireClient(address, code.V5) as client:
        client.send_connect(username=name, password=password)
        return client.expect(Connack).reason


def test_changes_take_effect_at_once_and_outlive_a_restart(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    # Before the broker ever ran, and while it runs.
    assert add(folder, "early", "one") == "early is added\n"
    broker = start(USERS)
    assert add(folder, "late", "two") == "late is added\n"
    connected(broker.address, "early", b"one").close()
    late = connected(broker.address, "late", b"two")
    assert refused(broker.address, "late", b"one") == code.BAD_USER_NAME_OR_PASSWORD
    assert refused(broker.address, "never", b"one") == code.BAD_USER_NAME_OR_PASSWORD
    said = ctl(folder, "passwd", "late", "--password-stdin", password="three")
    assert said == "late has a new password; 1 client was disconnected\n"
    assert late.expect(Disconnect).reason == ADMINISTRATIVE_ACTION
    late.expect_closed()
    late.close()
    assert refused(broker.address, "late", b"two") == code.BAD_USER_NAME_OR_PASSWORD
    late = connected(broker.address, "late", b"three")
    said = ctl(folder, "passwd", "late", "--password-stdin", "--keep-connected", password="four")
    assert said == "late has a new password\n"
    late.subscribe(("a", 0))  # still there
    assert ctl(folder, "delete", "late") == "late is deleted; 1 client was disconnected\n"
    assert late.expect(Disconnect).reason == ADMINISTRATIVE_ACTION
    late.close()
    assert refused(broker.address, "late", b"four") == code.BAD_USER_NAME_OR_PASSWORD
    broker.stop()
    log = broker.log
    assert not any(secret in log for secret in ('"one"', "three", "four", "argon2id"))
    broker = start(USERS)
    connected(broker.address, "early", b"one").close()
    assert refused(broker.address, "late", b"four") == code.BAD_USER_NAME_OR_PASSWORD


@pytest.mark.parametrize("method", ["SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_scram(start: Start, tmp_path: Path, method: str) -> None:
    folder = tmp_path / "broker"
    broker = start(USERS)
    for name in ("bob", "alice"):
        add(folder, name, "pencil")
    with WireClient(broker.address, code.V5) as client:
        assert Scram(client, method, "bob", "pencil").connect().reason == code.SUCCESS
        client.subscribe(("a", 0))
        again = Scram(client, method, "bob", "pencil").again()
        assert isinstance(again, Auth)
        assert again.reason == code.SUCCESS
        # Somebody else cannot take over, even with the right password.
        other = Scram(client, method, "alice", "pencil").again()
        assert isinstance(other, Disconnect)
        assert other.reason == code.NOT_AUTHORIZED
        client.expect_closed()
    for name, password in (("bob", "pen"), ("nobody", "pencil")):
        with WireClient(broker.address, code.V5) as client:
            connack = Scram(client, method, name, password).connect()
            assert connack.reason == code.BAD_USER_NAME_OR_PASSWORD
            client.expect_closed()
    with WireClient(broker.address, code.V5) as client:
        assert Scram(client, method, "bob", "pencil").connect().reason == code.SUCCESS
        assert "1 client was disconnected" in ctl(folder, "delete", "bob")
        assert client.expect(Disconnect).reason == ADMINISTRATIVE_ACTION


def test_scram_is_there_only_where_the_chain_has_it(start: Start) -> None:
    broker = start(USERS)
    with WireClient(broker.addresses["plain"], code.V5) as client:
        side = Scram(client, "SCRAM-SHA-256", "bob", "pencil")
        client.send_connect(properties=side.properties(side.side.get_client_first()))
        assert client.expect(Connack).reason == code.BAD_AUTHENTICATION_METHOD
        client.expect_closed()
    with WireClient(broker.address, code.V5) as client:
        client.send_connect()
        assert client.expect(Connack).reason == code.NOT_AUTHORIZED


def test_a_file_of_mosquitto_passwd(start: Start, tmp_path: Path) -> None:
    path = tmp_path / "passwords"

    def passwd(name: str, password: str, *options: str) -> None:
        given = ["mosquitto_passwd", *options, "-b", str(path), name, password]
        subprocess.run(given, check=True, capture_output=True, timeout=DEADLINE)

    passwd("bob", "one", "-c")
    path.chmod(0o600)
    settings = {
        **CHEAP,
        "access.authenticators": '["password_file"]',
        "access.no_match": "allow",
        "password_file.path": str(path),
        "password_file.check_interval": "100ms",
    }
    broker = start(settings)
    bob = connected(broker.address, "bob", b"one")
    assert refused(broker.address, "bob", b"two") == code.BAD_USER_NAME_OR_PASSWORD
    passwd("bob", "two")
    assert bob.expect(Disconnect).reason == ADMINISTRATIVE_ACTION
    bob.close()
    connected(broker.address, "bob", b"two").close()
    # A mistake leaves everything as it was, and SIGHUP does not end the broker.
    path.write_text(path.read_text() + "alice:secret\n")
    broker.wait_for_log("the password file cannot be used")
    os.kill(broker.pid, signal.SIGHUP)
    connected(broker.address, "bob", b"two").close()
    since = len(broker.records)
    passwd("alice", "three")
    broker.wait_for_log("password file read again", since)
    connected(broker.address, "alice", b"three").close()
    assert "secret" not in broker.log


def test_who_cannot_be_read_refuses_the_start(tmp_path: Path) -> None:
    settings = {
        "access.authenticators": '["password_file"]',
        "password_file.path": str(tmp_path / "none"),
    }
    broker = BrokerProcess(tmp_path / "broker", settings)
    ran = subprocess.run(broker.command(), capture_output=True, text=True, timeout=DEADLINE)
    assert ran.returncode == 78
    assert "cannot be read: no such file" in ran.stderr
