"""TLS listeners of a real broker, with real clients and with peers that get it wrong."""

import contextlib
import os
import queue
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client

from broker_process import BrokerProcess
from certificates import Authority, Issued

CONNECT = bytes.fromhex("101100044d5154540502003c000004") + b"test"
CONNACK = 0x20
DEADLINE = 10.0


class Secured:
    """A broker with the TLS listener "tls" beside "tcp", and the authority of its clients."""

    def __init__(self, folder: Path, **tls: str) -> None:
        self.authority = Authority(folder / "ca")
        self.issued = self.authority.server()
        self.certificate = folder / "server.pem"
        self.key = folder / "server.key"
        self.install(self.issued)
        keys = {
            "transport": "tls",
            "protocol": "mqtt",
            "bind": "127.0.0.1:0",
            "tls.certfile": str(self.certificate),
            "tls.keyfile": str(self.key),
            "tls.cafile": str(self.authority.file),
        }
        keys |= {f"tls.{key}": value for key, value in tls.items()}
        settings = {f"listeners.tls.{key}": value for key, value in keys.items()}
        self.broker = BrokerProcess(folder / "broker", {"storage.adapter": "memory", **settings})

    def install(self, issued: Issued) -> None:
        shutil.copy(issued.certificate, self.certificate)
        shutil.copy(issued.key, self.key)

    def context(self, client: Issued | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority.file))
        if client is not None:
            context.load_cert_chain(client.certificate, client.key)
        return context

    def connect(self, client: Issued | None = None, name: str = "localhost") -> ssl.SSLSocket:
        raw = socket.create_connection(self.broker.addresses["tls"], DEADLINE)
        try:
            return self.context(client).wrap_socket(raw, server_hostname=name)
        except BaseException:
            raw.close()
            raise

    def wait(self) -> None:
        """Until both listeners are open: the kit waits for one."""
        self.broker.wait_for_log("broker started")

    def greet(self, client: Issued | None = None) -> bool:
        """Whether a client gets as far as CONNACK."""
        try:
            with self.connect(client) as sock:
                sock.sendall(CONNECT)
                return sock.recv(100)[:1] == bytes([CONNACK])
        except (ssl.SSLError, ConnectionError):
            return False


@contextlib.contextmanager
def secured(folder: Path, **tls: str) -> Iterator[Secured]:
    made = Secured(folder, **tls)
    with made.broker:
        made.wait()
        yield made


def mosquitto(command: str, made: Secured, client: Issued | None, *arguments: str) -> list[str]:
    line = [f"mosquitto_{command}", "-h", "localhost", "-p", str(made.broker.addresses["tls"][1])]
    line += ["--cafile", str(made.authority.file)]
    if client is not None:
        line += ["--cert", str(client.certificate), "--key", str(client.key)]
    return [*line, *arguments]


def test_mosquitto_clients_with_certificates(tmp_path: Path) -> None:
    with secured(tmp_path, verify="required") as made:
        client = made.authority.client("meter-7")
        publish = mosquitto("pub", made, client, "-t", "a/b", "-m", "over tls", "-q", "1", "-r")
        subscribe = mosquitto("sub", made, client, "-t", "a/b", "-C", "1", "-W", "10")
        subprocess.run(publish, check=True, timeout=DEADLINE)
        got = subprocess.run(subscribe, check=True, timeout=20, capture_output=True, text=True)
        assert got.stdout == "over tls\n"
        bare = mosquitto("pub", made, None, "-t", "a/b", "-m", "x", "-q", "1")
        refused = subprocess.run(bare, timeout=DEADLINE, capture_output=True, check=False)
        assert refused.returncode != 0
        line = made.broker.wait_for_log("connection refused")
        assert line["reason"] == "it has no certificate, which this listener requires"


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_paho_over_tls(tmp_path: Path, version: str) -> None:
    with secured(tmp_path, versions=f'["{version}"]') as made:
        received: queue.Queue[bytes] = queue.Queue()
        client = Client(CallbackAPIVersion.VERSION2, client_id="paho")
        client.tls_set_context(made.context())
        client.on_message = lambda _client, _data, message: received.put(bytes(message.payload))

        def connected(*_: object) -> None:
            client.subscribe("big", 1)

        def subscribed(*_: object) -> None:
            client.publish("big", bytes(300_000), 1)

        client.on_connect = connected
        client.on_subscribe = subscribed
        host, port = "localhost", made.broker.addresses["tls"][1]
        client.connect(host, port)
        client.loop_start()
        try:
            assert received.get(timeout=DEADLINE) == bytes(300_000)
        finally:
            client.disconnect()
            client.loop_stop()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("expired", "its certificate is refused: certificate has expired"),
        ("stranger", "its certificate is refused: unable to get local issuer certificate"),
        ("revoked", "its certificate is refused: certificate revoked"),
    ],
)
def test_client_certificates_that_are_refused(tmp_path: Path, kind: str, reason: str) -> None:
    crl = tmp_path / "crl.pem"
    made = Secured(tmp_path, verify="required", crlfile=str(crl))
    good, revoked = made.authority.client("good"), made.authority.client("revoked")
    made.authority.crl(revoked, file=crl)
    bad = {
        "expired": made.authority.client("old", days=(-10, -1)),
        "stranger": Authority(tmp_path / "other", "Other CA").client("stranger"),
        "revoked": revoked,
    }[kind]
    with made.broker:
        made.wait()
        assert made.greet(good)
        assert not made.greet(bad)
        line = made.broker.wait_for_log("connection refused")
        assert line["reason"] == reason
        assert line["listener"] == "tls"
        assert made.greet(good)


def refused_bytes(address: tuple[str, int], data: bytes) -> bytes:
    with socket.create_connection(address, DEADLINE) as sock:
        sock.sendall(data)
        answer = b""
        with contextlib.suppress(ConnectionError):
            while more := sock.recv(1000):
                answer += more
    return answer


@pytest.mark.parametrize(
    ("listener", "data", "reason"),
    [
        ("tls", CONNECT, "expected TLS, but this is an MQTT CONNECT"),
        ("tls", b"GET / HTTP/1.1\r\n\r\n", "expected TLS, but this is an HTTP request"),
        ("tls", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", "the TLS handshake failed: "),
        ("tls", b"\x16garbage that is none", "the TLS handshake failed: "),
        ("tcp", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03", "expected MQTT, but this is a TLS"),
        ("tcp", b"GET / HTTP/1.1\r\n\r\n", "expected MQTT, but this is an HTTP request"),
    ],
)
def test_the_wrong_protocol_is_named(
    tmp_path: Path, listener: str, data: bytes, reason: str
) -> None:
    with secured(tmp_path) as made:
        refused_bytes(made.broker.addresses[listener], data)
        event = "connection refused" if listener == "tls" else "connection closed"
        assert str(made.broker.wait_for_log(event)["reason"]).startswith(reason)
        assert "Traceback" not in made.broker.log
        assert made.greet()


def test_garbage_after_the_handshake_costs_one_connection(tmp_path: Path) -> None:
    with secured(tmp_path) as made:
        sock = made.connect()
        with socket.socket(fileno=sock.detach()) as raw:
            raw.settimeout(DEADLINE)
            raw.sendall(b"\x17\x03\x03\x00\x20" + bytes(32))
            with contextlib.suppress(ConnectionError):
                while raw.recv(1000):
                    pass
        made.broker.wait_for_log("connection closed for a TLS error")
        assert made.greet()


def test_many_records_in_one_read_keep_their_order(tmp_path: Path) -> None:
    messages = 20
    payload = os.urandom(70_000)  # more than what goes through OpenSSL's buffers at once
    body = b"\x00\x04self" + payload
    length = len(body)
    size = bytes((length & 127 | 128, length >> 7 & 127 | 128, length >> 14))
    with secured(tmp_path) as server, server.connect() as sock:
        sock.settimeout(DEADLINE)
        connect = bytes.fromhex("101000044d5154540402003c0004") + b"test"  # MQTT 3.1.1
        sock.sendall(connect + bytes.fromhex("820900010004") + b"self\x00")
        with sock.makefile("rb") as answers:
            assert answers.read(4)[0] == CONNACK
            assert answers.read(5) == bytes.fromhex("9003000100")
            for number in range(messages):
                sock.sendall(b"\x30" + size + body[:6] + bytes((number,)) + body[7:])
            for number in range(messages):
                got = answers.read(4 + length)
                assert (got[10], got[11:]) == (number, body[7:])


def test_a_slow_handshake_is_ended(tmp_path: Path) -> None:
    with secured(tmp_path, handshake_timeout="300ms") as made:
        assert refused_bytes(made.broker.addresses["tls"], b"\x16\x03\x01") == b""
        line = made.broker.wait_for_log("connection refused")
        assert line["reason"] == "the TLS handshake took too long"


def test_close_notify_is_answered(tmp_path: Path) -> None:
    with secured(tmp_path) as made, made.connect() as sock:
        sock.sendall(CONNECT)
        assert sock.recv(100)[0] == CONNACK
        assert isinstance(sock.unwrap(), socket.socket)


def served(made: Secured, name: str = "localhost") -> bytes | None:
    with made.connect(name=name) as sock:
        return sock.getpeercert(binary_form=True)


@pytest.mark.parametrize("how", ["SIGHUP", "change"])
def test_new_certificates_without_dropping_a_client(tmp_path: Path, how: str) -> None:
    interval = "100ms" if how == "change" else "1d"
    with secured(tmp_path, watch_interval=interval) as made, made.connect() as kept:
        kept.sendall(CONNECT)
        assert kept.recv(100)[0] == CONNACK
        assert served(made) == made.issued.der

        def again() -> None:
            if how == "SIGHUP":
                os.kill(made.broker.pid, signal.SIGHUP)

        made.certificate.write_text("not a certificate")
        again()
        line = made.broker.wait_for_log("certificates not loaded: the old ones stay")
        assert str(made.certificate) in str(line["reason"])
        assert served(made) == made.issued.der
        new = made.authority.server()
        made.key.write_bytes(new.key.read_bytes())
        made.certificate.write_bytes(new.certificate.read_bytes())
        again()
        made.broker.wait_for(lambda: served(made) == new.der, DEADLINE, "the new one is served")
        kept.sendall(b"\xc0\x00")
        assert kept.recv(100) == b"\xd0\x00"


def test_certificates_by_host_name(tmp_path: Path) -> None:
    made = Secured(tmp_path)
    other = made.authority.server("mq.example.org", "a.wild.example.org")
    config = tmp_path / "sni.toml"
    config.write_text(
        "[[listeners.tls.tls.sni]]\n"
        'hosts = ["mq.example.org", "*.wild.example.org"]\n'
        f'certfile = "{other.certificate}"\nkeyfile = "{other.key}"\n'
    )
    whole = made.broker.command
    made.broker.command = lambda: [*whole(), f"--config={config}"]  # type: ignore[method-assign]
    with made.broker:
        made.wait()
        assert served(made) == made.issued.der
        assert served(made, "mq.example.org") == other.der
        assert served(made, "a.wild.example.org") == other.der


@pytest.mark.parametrize("missing", ["certfile", "keyfile", "cafile"])
def test_files_that_are_not_there_stop_the_start(tmp_path: Path, missing: str) -> None:
    settings: dict[str, Any] = {missing: str(tmp_path / "nothing.pem"), "verify": "required"}
    made = Secured(tmp_path, **settings)
    ended = subprocess.run(
        made.broker.command(), capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 78
    assert f'listeners.tls.tls.{missing} = "{tmp_path}/nothing.pem": cannot read it' in ended.stderr
