"""What the broker's log says, as text for people and as JSON: enough, once, and no secrets."""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from plugin_folder import HOOKIMPL, write_plugin
from real_clients.lines import LineProcess
from robustmq_common import implementation
from wire import Connack, Will, WireClient, code, encode, levels, prop, unique_id, unique_topic

SECRET = "s3same-0pen"
ADDRESS = re.compile(r"127\.0\.0\.1:(\d+)")
TIMESTAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"

DOORKEEPER = (
    HOOKIMPL
    + """
from robustmq_common.spi.access import ALLOW, DENY, AuthResult

class Doorkeeper:
    name = "doorkeeper"
    async def authenticate(self, client, password):
        if client.username == "mallory":
            return AuthResult(DENY, 0x86, "not mallory")
        return AuthResult(ALLOW)

@hookimpl
def robustmq_authenticators():
    return [Doorkeeper]
"""
)


class LoggingBroker(LineProcess):
    """A broker whose log is read as it is; stop it to see all of it."""

    def __init__(self, data_dir: Path, log_format: str, *settings: str) -> None:
        folder = data_dir / "plugins"
        write_plugin(folder, "doorkeeper", {"doorkeeper": "doorkeeper"}, {"doorkeeper": DOORKEEPER})
        path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
        given = ("listeners.tcp.bind=127.0.0.1:0", f"log.format={log_format}", *settings)
        command = [sys.executable, "-m", "robustmq_cli.server", "run", "--data-dir", str(data_dir)]
        super().__init__([*command, *(f"--set={one}" for one in given)], {"PYTHONPATH": path})
        self.log_format = log_format
        self.address = ("127.0.0.1", 0)

    def __enter__(self) -> Self:
        try:
            self._learn_address()
        except AssertionError:
            self.kill()
            raise
        return self

    def _learn_address(self) -> None:
        line = self.wait_for(lambda: self.first("listener started"), "the listener", 30)
        found = ADDRESS.search(line)
        assert found is not None
        self.address = ("127.0.0.1", int(found[1]))

    def first(self, text: str) -> str | None:
        return next((line for line in self.lines if text in line), None)

    def stop(self) -> list[str]:
        """Stop it; all lines, none of which belongs to a traceback."""
        assert self.terminate() == 0
        assert not [line for line in self.lines if "Traceback" in line or line.startswith(" ")]
        for line in self.lines:
            if self.log_format == "json":
                assert {"timestamp", "level", "event"} <= set(json.loads(line))
            else:
                assert re.match(TIMESTAMP + r" (debug|info|warning|error) +\S", line), line
        return self.lines


@pytest.fixture(params=["text", "json"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LoggingBroker]:
    with LoggingBroker(tmp_path, request.param, "log.level=info") as broker:
        yield broker


@pytest.fixture(params=["text", "json"])
def chatty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LoggingBroker]:
    """A broker that logs all it ever would, and asks who its clients are."""
    settings = (
        "log.level=debug",
        'access.authenticators=["doorkeeper"]',
        "access.no_match=allow",
    )
    with LoggingBroker(tmp_path, request.param, *settings) as broker:
        yield broker


def values(broker: LoggingBroker, event: str) -> dict[str, str]:
    """The fields of the one line on an event, whichever way it is written."""
    (line,) = [line for line in broker.lines if event in line]
    if broker.log_format == "json":
        return {name: str(value) for name, value in json.loads(line).items()}
    return dict(re.findall(r'(\w+)=("[^"]*"|\S+)', line))


def test_start_says_what_listens_and_how(broker: LoggingBroker) -> None:
    broker.stop()
    listener = values(broker, "listener started")
    host, port = broker.address
    expected = {
        "listener": "tcp",
        "protocol": "mqtt",
        "transport": "tcp",
        "address": f"{host}:{port}",
        "storage": "rocksdb",
        "implementation": implementation.running(),
    }
    assert {name: listener[name] for name in expected} == expected
    started = values(broker, "broker started")
    assert started["storage"] == "rocksdb"
    assert started["implementation"] == implementation.running()
    assert started["version"]
    assert broker.lines[-1].find("broker stopped") > 0


@levels(code.V311, code.V5)
def test_a_protocol_error_is_one_line(broker: LoggingBroker, level: int) -> None:
    with WireClient(broker.address, level) as offender, WireClient(broker.address, level) as other:
        other.connect()
        offender.connect("offender")
        # QoS 3 is reserved [MQTT-3.3.1-4].
        offender.send(b"\x36\x05\x00\x01a\x00\x01")
        offender.expect_refused(code.MALFORMED_PACKET)
        peer = offender.peer
        other.settle()
        other.disconnect()
    lines = [line for line in broker.stop() if peer in line]
    assert len(lines) == 1
    fields = values(broker, peer)
    assert fields["peer"] == peer
    assert fields["client_id"] == "offender"
    assert fields["reason_code"] == "0x81"
    assert "QoS" in lines[0]


def test_what_comes_before_connect_is_one_line_each(broker: LoggingBroker) -> None:
    peers = []
    for data in (
        encode.PINGREQ,
        b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        encode.connect(code.V5, "x", wire_level=6),
        encode.connect(code.V311, b"\xff\xfe"),
        b"\x10\xff\xff\xff\xff\x7f",
        b"\x10\xff\xff\xff\x7f",
    ):
        with WireClient(broker.address, code.V311) as client:
            client.send(data)
            client.bytes_to_end()
            peers.append(client.peer)
    lines = broker.stop()
    for peer in peers:
        (line,) = [line for line in lines if peer in line]
        if broker.log_format == "json":
            assert json.loads(line)["reason"]
        else:
            assert re.search(r'reason=("[^"]+"|\S+)', line)


def test_passwords_are_never_logged(chatty: LoggingBroker) -> None:
    password = SECRET.encode()
    for level in (code.V31, code.V311, code.V5):
        with WireClient(chatty.address, level) as welcome:
            welcome.connect(username="alice", password=password)
            welcome.publish(unique_topic(), password, 1)
            welcome.disconnect()
        with WireClient(chatty.address, level) as refused:
            refused.send_connect(username="mallory", password=password)
            assert refused.expect(Connack).reason
        # In packets that break the rules.
        for broken in (
            encode.connect(level, "x", username=None, password=password, flags=0x42, tail=b"\0"),
            encode.connect(level, "x", username=b"\xff", password=password),
            encode.connect(level, "x", username="alice", password=password, wire_level=77),
        ):
            with WireClient(chatty.address, level) as client:
                client.send(broken)
                client.bytes_to_end()
    method: list[prop.Pair] = [
        (prop.AUTHENTICATION_METHOD, "UNKNOWN"),
        (prop.AUTHENTICATION_DATA, password),
    ]
    with WireClient(chatty.address, code.V5) as client:
        client.send_connect(properties=method)
        assert client.expect(Connack).reason == code.BAD_AUTHENTICATION_METHOD
    lines = chatty.stop()
    assert [line for line in lines if "mallory" in line]
    assert not [line for line in lines if SECRET in line]


def test_what_clients_say_cannot_forge_lines(chatty: LoggingBroker) -> None:
    forged = f"2000-01-01T00:00:00.000Z info    broker stopped {unique_id()}"
    name = f"\x1b[31mred\r\n{forged}"
    with WireClient(chatty.address, code.V5) as client:
        client.connect(name, will=Will(f"{unique_topic()}\n{forged}"))
        client.subscribe(f"{unique_topic()}\n{forged}")
        client.send(b"\x36\x00")
        client.await_end()
    lines = chatty.stop()
    assert [line for line in lines if "red" in line]
    assert not [line for line in lines if line.startswith("2000") or "\x1b" in line]


def test_a_log_file(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "broker.log"
    path.parent.mkdir()
    command = [sys.executable, "-m", "robustmq_cli.server", "run", "--data-dir", str(tmp_path)]
    command += ["--set=listeners.tcp.bind=127.0.0.1:0", f"--set=log.file={path}"]

    def started() -> bool:
        return path.exists() and "broker started" in path.read_text()

    with LineProcess(command) as broker:
        broker.wait_for(started, "the log file to say that the broker started", 30)
        assert broker.terminate() == 0
        assert broker.lines == []
    assert "broker stopped" in path.read_text()
