"""Every transport with every way to say who one is, in 3.1.1 and 5.0: let in, and kept out."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Final

import pytest

from auth_server import AuthServer, Request
from broker_process import BrokerProcess
from certificates import Authority, Issued
from doors import Doors
from jwt_kit import SECRET, token
from scram_client import Scram
from wire import Connack, WireClient, code, levels, unique_id, unique_topic

TRANSPORTS: Final = ("tcp", "tls", "ws", "wss", "quic", "unix")
SECURE: Final = ("tls", "wss", "quic")
VERIFIED: Final = ("tls", "wss")
"""Transports that can ask for a client's certificate; aioquic's servers cannot."""
METHODS: Final = ("users", "password_file", "jwt", "http", "certificate", "scram")
PASSWORD: Final = "right-pass-word"
BAD: Final = {code.V5: {0x86, 0x87}, code.V311: {4, 5}}


class House:
    """A broker with a door of every transport and one way to authenticate."""

    def __init__(
        self, method: str, folder: Path, authority: Authority, service: AuthServer
    ) -> None:
        self.method = method
        self.folder = folder
        self.authority = authority
        self.settings = {
            "access.authenticators": json.dumps([method]),
            "access.no_match": "allow",
            "attempts.enabled": "false",
            "storage.adapter": "rocksdb",
            "password_hashing.memory": "65536",
            "password_hashing.passes": "1",
            "users.scram": '["SCRAM-SHA-256"]',
            "users.scram_iterations": "4096",
            "password_file.path": str(folder / "passwords"),
            "jwt.algorithms": '["HS256"]',
            "jwt.secret": SECRET.decode(),
            "http_auth.url": service.url("/auth"),
            "certificate.username": "cn",
        }
        unused = {
            "jwt": ("jwt.",),
            "http": ("http_auth.",),
            "password_file": ("password_file.",),
        }
        for other, prefixes in unused.items():
            if other != method:
                for key in [one for one in self.settings if one.startswith(prefixes)]:
                    del self.settings[key]
        server = authority.server()
        for transport in TRANSPORTS:
            door = f"listeners.{transport}"
            self.settings[f"{door}.protocol"] = "mqtt"
            self.settings[f"{door}.transport"] = transport
            self.settings[f"{door}.bind"] = "127.0.0.1:0"
            if transport in SECURE:
                self.settings[f"{door}.tls.certfile"] = str(server.certificate)
                self.settings[f"{door}.tls.keyfile"] = str(server.key)
            if transport in VERIFIED:
                self.settings[f"{door}.tls.cafile"] = str(authority.file)
                self.settings[f"{door}.tls.verify"] = "optional"
        self.socket = folder / "mqtt.sock"
        self.settings["listeners.unix.bind"] = str(self.socket)
        if method == "password_file":
            program = ["mosquitto_passwd", "-c", "-b", str(folder / "passwords"), "ann", PASSWORD]
            subprocess.run(program, check=True, capture_output=True, timeout=30)
        self.broker = BrokerProcess(folder / "broker", self.settings)

    def add_user(self) -> None:
        """Have "ann" among the users."""
        command = [sys.executable, "-m", "robustmq_cli.ctl", "user", "add", "ann"]
        where = ["--password-stdin", "--data-dir", str(self.folder / "broker")]
        added = subprocess.run(
            [*command, *where], input=PASSWORD, capture_output=True, text=True, timeout=60
        )
        assert added.returncode == 0, added.stderr

    def address(self, transport: str) -> tuple[str, int] | str:
        if transport == "unix":
            self.broker.wait_for(self.socket.exists, 10, "the unix socket")
            return str(self.socket)
        broker = self.broker
        broker.wait_for(lambda: transport in broker.addresses, 10, f"the {transport} listener")
        return broker.addresses[transport]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def issued(authority: Authority) -> Issued:
    return authority.client("ann")


@pytest.fixture(scope="module")
def doors(authority: Authority) -> Iterator[Doors]:
    with Doors(authority.file) as doors:
        yield doors


@pytest.fixture(scope="module")
def service() -> Iterator[AuthServer]:
    """Lets in who has the right password."""
    with AuthServer() as server:

        def decide(handler: BaseHTTPRequestHandler, request: Request) -> None:
            right = request.json()["password"] == PASSWORD
            body = json.dumps({"result": "allow" if right else "deny"}).encode()
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        server.behaviour = decide
        yield server


@pytest.fixture(scope="module", params=METHODS)
def house(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    authority: Authority,
    service: AuthServer,
) -> Iterator[House]:
    house = House(request.param, tmp_path_factory.mktemp("house"), authority, service)
    with house.broker as broker:
        broker.wait_for_log("control socket")
        if house.method in {"users", "scram"}:
            house.add_user()
        yield house


def connect(house: House, client: WireClient, right: bool) -> int:
    """Connect as the method asks; returns the reason code of CONNACK."""
    name = unique_id()
    if house.method == "scram":
        password = PASSWORD if right else "wrong"
        return Scram(client, "SCRAM-SHA-256", "ann", password).connect().reason
    if house.method == "certificate":
        client.send_connect(name)
    elif house.method == "jwt":
        seconds = 600 if right else -600
        client.send_connect(name, username="ann", password=token({"exp": time.time() + seconds}))
    else:
        given = PASSWORD if right else "wrong"
        client.send_connect(name, username="ann", password=given.encode())
    return client.expect(Connack).reason


def opened(house: House, doors: Doors, transport: str, certificate: Issued | None) -> socket.socket:
    pair = None if certificate is None else (certificate.certificate, certificate.key)
    return doors.open(transport, house.address(transport), pair)


@levels(code.V311, code.V5)
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_door(house: House, doors: Doors, issued: Issued, transport: str, level: int) -> None:
    by_certificate = house.method == "certificate"
    # There is no AUTH packet before MQTT 5, and certificates are asked for on two transports only.
    if (house.method == "scram" and level != code.V5) or (
        by_certificate and transport not in VERIFIED
    ):
        with WireClient(opened(house, doors, transport, None), level) as client:
            client.send_connect(username="ann", password=PASSWORD.encode())
            assert client.expect(Connack).reason in BAD[level]
        return
    certificate = issued if by_certificate else None
    with WireClient(opened(house, doors, transport, certificate), level) as client:
        assert connect(house, client, True) == code.SUCCESS
        topic = unique_topic()
        client.subscribe((topic, 1))
        client.send_publish(topic, b"through the door", 1)
        assert client.receive(topic).payload == b"through the door"
        client.disconnect()
    with WireClient(opened(house, doors, transport, None), level) as client:
        assert connect(house, client, False) in BAD[level]
        client.await_end()
