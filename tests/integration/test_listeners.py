"""Listeners of a real broker: by command, over a Unix socket, behind a proxy, and under siege."""

import contextlib
import json
import resource
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client

from broker_process import BrokerProcess
from certificates import Authority

CONNECT = bytes.fromhex("101100044d5154540502003c000004") + b"test"
PING, PONG = b"\xc0\x00", b"\xd0\x00"
DEADLINE = 10.0
SLOW = 5_000


@contextlib.contextmanager
def broker(folder: Path, *listeners: str, **settings: str) -> Iterator[BrokerProcess]:
    """A broker with these transports as listeners of the same names, beside "tcp"."""
    given = {"storage.adapter": "memory"}
    for name in listeners:
        bind = str(folder / "mqtt.sock") if name == "unix" else "127.0.0.1:0"
        given |= {f"listeners.{name}.protocol": "mqtt", f"listeners.{name}.bind": bind}
        given[f"listeners.{name}.transport"] = name
    given |= {f"listeners.{key.replace('__', '.')}": value for key, value in settings.items()}
    with BrokerProcess(folder / "broker", given) as process:
        process.wait_for_log("broker started")
        yield process


def ctl(process: BrokerProcess, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "robustmq_cli.ctl", "listeners", *arguments]
    return subprocess.run(
        [*command, "--data-dir", str(process.data_dir)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def greeted(sock: socket.socket) -> bool:
    sock.settimeout(DEADLINE)
    sock.sendall(CONNECT)
    return sock.recv(100)[:1] == b"\x20"


def test_listeners_by_command(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    issued = authority.server()
    keys = {"tls__tls__certfile": str(issued.certificate), "tls__tls__keyfile": str(issued.key)}
    with broker(tmp_path, "tls", **keys) as process:
        process.wait_for_log("control socket opened")
        with socket.create_connection(process.address) as kept:
            assert greeted(kept)
            rows = [json.loads(line) for line in ctl(process, "list", "--json").stdout.splitlines()]
            assert [(row["listener"], row["connections"]) for row in rows] == [
                ("tcp", 1),
                ("tls", 0),
            ]
            assert ctl(process, "stop", "tcp").returncode == 0
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(process.address)
            kept.sendall(PING)
            assert kept.recv(10) == PONG
            assert ctl(process, "stop", "tcp", "--disconnect").returncode == 0
            with contextlib.suppress(ConnectionError):
                assert kept.recv(10) == b""
        assert ctl(process, "start", "tcp").returncode == 0
        assert ctl(process, "reload").stdout == "tls has new certificates\n"
        issued.certificate.write_text("broken")
        failed = ctl(process, "reload", "tls")
        assert failed.returncode == 78
        assert str(issued.certificate) in failed.stderr
        assert ctl(process, "stop", "nobody").returncode == 64


def test_paho_over_a_unix_socket(tmp_path: Path) -> None:
    with broker(tmp_path, "unix") as process:
        path = tmp_path / "mqtt.sock"
        client = Client(CallbackAPIVersion.VERSION2, client_id="paho", transport="unix")
        client.connect(str(path))
        client.loop_start()
        info = client.publish("a", b"x", 1)
        info.wait_for_publish(DEADLINE)
        assert info.is_published()
        client.disconnect()
        client.loop_stop()
        process.stop()
        assert not path.exists()


def test_the_proxys_word_is_taken_and_tls_follows_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    issued = authority.server()
    keys = {
        "tls__tls__certfile": str(issued.certificate),
        "tls__tls__keyfile": str(issued.key),
        "tls__proxy_protocol": "true",
        "tcp__proxy_protocol": "true",
    }
    context = ssl.create_default_context(cafile=str(authority.file))
    header = b"PROXY TCP4 192.0.2.77 192.0.2.2 5555 1883\r\n"
    with broker(tmp_path, "tls", **keys) as process:
        with socket.create_connection(process.addresses["tls"], DEADLINE) as raw:
            raw.sendall(header)
            with context.wrap_socket(raw, server_hostname="localhost") as sock:
                assert greeted(sock)
        with socket.create_connection(process.address, DEADLINE) as sock:
            sock.sendall(header + b"\x10\x02ab")
            with contextlib.suppress(ConnectionError):
                sock.recv(100)
        record = process.wait_for_log("connection closed")
        assert record["peer"] == "192.0.2.77:5555"


def test_more_connections_a_second_than_allowed(tmp_path: Path) -> None:
    limits = {"tcp__max_connection_rate": "0.01", "tcp__connection_burst": "2"}
    with broker(tmp_path, **limits) as process:
        for _ in range(2):
            with socket.create_connection(process.address) as sock:
                assert greeted(sock)
        sock = socket.create_connection(process.address)
        with sock, contextlib.suppress(ConnectionError):
            assert sock.recv(100) == b""
        record = process.wait_for_log("connection refused")
        assert "max_connection_rate" in str(record["reason"])


def resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


@pytest.mark.serial
@pytest.mark.parametrize("kind", ["tls", "proxy"])
def test_slow_handshakes_by_the_thousand(tmp_path: Path, kind: str) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    issued = Authority(tmp_path / "ca").server()
    name = "tls" if kind == "tls" else "second"
    settings = {f"{name}__protocol": "mqtt", f"{name}__bind": "127.0.0.1:0"}
    if kind == "tls":
        settings["tls__transport"] = "tls"
        settings["tls__tls__certfile"] = str(issued.certificate)
        settings["tls__tls__keyfile"] = str(issued.key)
    else:
        settings["second__proxy_protocol"] = "true"
        settings["second__proxy_protocol_timeout"] = "15s"
    settings[f"{name}__backlog"] = "8192"
    first = b"\x16\x03\x01" if kind == "tls" else b"PROXY "
    with contextlib.ExitStack() as stack:
        process = stack.enter_context(broker(tmp_path, **settings))
        other = stack.enter_context(socket.create_connection(process.address))
        assert greeted(other)
        before = resident(process.pid)
        slow = []
        longest = 0.0
        for number in range(SLOW):
            sock = stack.enter_context(socket.create_connection(process.addresses[name]))
            sock.sendall(first)
            slow.append(sock)
            if number % 100 == 0:
                began = time.monotonic()
                other.sendall(PING)
                assert other.recv(10) == PONG
                longest = max(longest, time.monotonic() - began)
        assert longest < 2.0
        per_connection = (resident(process.pid) - before) / SLOW
        assert per_connection < 40_000, per_connection
        record = process.wait_for_log("took too long", deadline=60)
        assert record["listener"] == name
        process.wait_for_log("more connections refused", deadline=60)
        other.sendall(PING)
        assert other.recv(10) == PONG
        print(f"{kind}: {per_connection:.0f} bytes each, slowest ping {longest:.3f} s")
