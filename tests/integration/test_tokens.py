"""JSON Web Tokens at a real broker, shown by real clients; keys from files and from a JWK Set."""

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from auth_server import AuthServer
from broker_process import BrokerProcess, BrokerWith
from jwt_kit import SECRET, handmade, key_document, private_key, public_jwk, public_pem, token
from real_clients.needed import need_program
from wire import Connack, Disconnect, WireClient, code, levels, unique_id, unique_topic

SETTINGS = {
    "access.authenticators": '["jwt"]',
    "access.no_match": "allow",
    "jwt.algorithms": '["HS256", "RS256"]',
    "jwt.secret": SECRET.decode(),
    "jwt.verify_claims.sub": "${clientid}",
}


@pytest.fixture
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.getbasetemp() / "issuer.pem"
    path.write_bytes(public_pem("rsa"))
    return path


@pytest.fixture
def broker(broker_with: BrokerWith) -> BrokerProcess:
    return broker_with(SETTINGS)


def signed(client_id: str, seconds: float = 60, **more: Any) -> bytes:
    return token({"sub": client_id, "exp": time.time() + seconds, **more})


def answer(broker: BrokerProcess, level: int, client_id: str, password: bytes) -> int:
    with WireClient(broker.address, level) as client:
        client.send_connect(client_id, username="u", password=password)
        connack = client.packet()
        assert isinstance(connack, Connack)
        return connack.reason


BAD_3 = 4  # bad user name or password, in MQTT 3.x


@levels(code.V311, code.V5)
def test_tokens_good_and_bad(broker: BrokerProcess, level: int) -> None:
    bad = 0x86 if level == code.V5 else BAD_3
    name = unique_id()
    now = time.time()
    claims = {"sub": name, "exp": now + 60}
    assert answer(broker, level, name, signed(name)) == 0
    for forged in (
        signed(unique_id()),
        signed(name, -60),
        signed(name, nbf=now + 600),
        signed(name, iat=now + 600),
        signed(name, aud="somebody else"),
        token(claims, key=b"another secret that is long enough for it"),
        handmade({"alg": "none"}, claims, None),
        handmade({"alg": "NoNe"}, claims, b""),
        handmade({"alg": "HS256"}, claims, public_pem("rsa")),
        token({**claims, "pad": "x" * 20_000}),
        b"no token",
    ):
        assert answer(broker, level, name, forged) == bad
    assert signed(name).decode().partition(".")[2] not in broker.log


def test_disconnected_at_expiry(broker: BrokerProcess) -> None:
    name = unique_id()
    with WireClient(broker.address, code.V5) as client:
        # With the leeway of five seconds it has three quarters of a second left.
        client.connect(name, username="u", password=signed(name, -4.25))
        packet = client.packet()
        assert isinstance(packet, Disconnect)
        assert packet.reason == 0xA0


def test_a_key_set_is_rotated(broker_with: BrokerWith, tmp_path: Path) -> None:
    with AuthServer() as server:
        server.answer(200, key_document(public_jwk("rsa", kid="old")))
        settings = {
            "access.authenticators": '["jwt"]',
            "jwt.algorithms": '["RS256"]',
            "jwt.jwks_url": server.url("/jwks.json"),
            "jwt.jwks_retry": "1s",
        }
        with BrokerProcess(tmp_path, settings) as broker:
            claims = {"exp": time.time() + 600}
            old = token(claims, "RS256", private_key("rsa"), kid="old")
            new = token(claims, "RS256", private_key("rsa2"), kid="new")
            assert answer(broker, code.V5, "c", old) == 0
            server.answer(200, key_document(public_jwk("rsa2", kid="new")))
            end = time.monotonic() + 30
            while answer(broker, code.V5, "c", new) != 0:
                assert time.monotonic() < end
            assert answer(broker, code.V5, "c", old) == 0x86


def test_a_real_client(broker: BrokerProcess) -> None:
    need_program("mosquitto_pub", "mosquitto-clients")
    name, topic = unique_id(), unique_topic()
    for password, status in ((signed(name).decode(), 0), (signed("x").decode(), 5)):
        done = subprocess.run(
            [
                *("mosquitto_pub", "-p", str(broker.port), "-i", name, "-V", "mqttv5"),
                *("-u", "u", "-P", password, "-t", topic, "-m", "hello", "-q", "1"),
            ],
            capture_output=True,
            timeout=30,
        )
        assert (done.returncode == 0) == (status == 0), done.stderr


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"jwt.algorithms": '["none"]'}, "jwt.algorithms"),
        ({"jwt.algorithms": '["HS256"]', "jwt.secret": "hush"}, "jwt.secret: it has 4 bytes"),
        ({}, "jwt.algorithms is empty"),
    ],
)
def test_a_start_that_is_refused(settings: dict[str, str], problem: str, tmp_path: Path) -> None:
    broker = BrokerProcess(tmp_path, {"access.authenticators": '["jwt"]', **settings})
    done = subprocess.run(broker.command(), capture_output=True, text=True, timeout=30)
    assert done.returncode == 78
    assert problem in done.stderr
    assert "hush" not in done.stderr
