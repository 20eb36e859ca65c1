"""Bans, limits and failed attempts with a real broker and real clients."""

import contextlib
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker_process import BrokerProcess
from wire import Clients, Connack, code

BANNED = 0x8A
ADMINISTRATIVE_ACTION = 0x98


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[BrokerProcess]:
    settings = {
        "flapping.enabled": "true",
        "flapping.max_count": "3",
        "limits.user.max_connections": "1",
    }
    with BrokerProcess(tmp_path / "data", settings) as running:
        yield running


def ctl(broker: BrokerProcess, *arguments: str) -> str:
    """What `robust-ctl` says."""
    command = [sys.executable, "-m", "robustmq_cli.ctl", *arguments]
    done = subprocess.run(
        [*command, "--data-dir", str(broker.data_dir)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def reason(broker: BrokerProcess, client_id: str, username: str | None = None) -> int:
    """The code of the CONNACK that a client gets, which leaves the broker as it came."""
    with Clients(broker.address) as clients:
        client = clients.socket(code.V5)
        client.send_connect(client_id, username=username)
        return client.expect(Connack).reason


def test_a_ban_disconnects_and_refuses_until_it_is_lifted(broker: BrokerProcess) -> None:
    with Clients(broker.address) as clients:
        client = clients.socket(code.V5)
        client.connect("meter-7")
        said = ctl(broker, "ban", "add", "clientid_re", "^meter-[0-9]$", "--duration", "10m")
        assert said.endswith("1 clients were disconnected\n")
        client.expect_disconnect(ADMINISTRATIVE_ACTION)
    assert reason(broker, "meter-8") == BANNED
    assert reason(broker, "other") == 0
    ctl(broker, "ban", "clear")
    assert reason(broker, "meter-8") == 0


def test_bans_outlive_the_broker(broker: BrokerProcess) -> None:
    ctl(broker, "ban", "add", "username", "mallory")
    broker.stop()
    broker.start()
    assert reason(broker, "c", "mallory") == BANNED
    assert "mallory" in ctl(broker, "ban", "list")


def test_a_banned_address_is_closed_at_the_door(broker: BrokerProcess) -> None:
    ctl(broker, "ban", "add", "peerhost_net", "127.0.0.0/8")
    with socket.create_connection(broker.address, 10) as connection:
        connection.settimeout(10)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
    broker.wait_for_log("banned: peerhost_net 127.0.0.0/8")


def test_a_user_has_so_many_connections(broker: BrokerProcess) -> None:
    with Clients(broker.address) as clients:
        clients.socket(code.V5).connect("one", username="u")
        assert reason(broker, "two", "u") == code.QUOTA_EXCEEDED
        assert reason(broker, "three", "v") == 0


def test_a_client_that_flaps_is_banned(broker: BrokerProcess) -> None:
    for _ in range(3):
        assert reason(broker, "flap") == 0
    broker.wait_for_log("flapping client banned")
    assert reason(broker, "flap") == BANNED
    assert "flapping" in ctl(broker, "ban", "list")


CANARY = "canary-4711"


@pytest.mark.parametrize("format_name", ["text", "toml", "json"])
def test_config_show_tells_no_secret_at_any_depth(tmp_path: Path, format_name: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        '[storage]\nadapter = "memory"\n[storage.settings]\n'
        f'hosts = [{{name="a", password="{CANARY}"}}, {{url="redis://u:{CANARY}@h/0"}}]\n'
        f'nested = {{deep=[{{token="{CANARY}"}}], headers={{Authorization="x {CANARY}"}}}}\n'
    )
    command = [sys.executable, "-m", "robustmq_cli.server", "config", "show"]
    done = subprocess.run(
        [*command, "--config", str(file), "--format", format_name],
        capture_output=True,
        text=True,
        check=True,
    )
    assert CANARY not in done.stdout + done.stderr
    assert "(redacted)" in done.stdout


@pytest.mark.parametrize("given", ['storage.setings={password="X"}', 'storage.settings={token="X"'])
def test_errors_tell_no_secret(given: str) -> None:
    command = [sys.executable, "-m", "robustmq_cli.server", "config", "show"]
    done = subprocess.run(
        [*command, "--set", given.replace("X", CANARY)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 78
    assert CANARY not in done.stdout + done.stderr
