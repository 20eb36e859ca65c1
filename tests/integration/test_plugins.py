"""Plugins in a real broker: samples installed by pip, and broken ones, each with its sentence."""

import hmac
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker_process import BrokerPool, BrokerProcess
from plugin_folder import PACK, hook, install_sample, write_plugin
from robustmq_common.errors import PluginError
from wire import Auth, Connack, Disconnect, WireClient, code, encode, prop

ECHO = {
    "listeners.echo.protocol": "line-echo",
    "listeners.echo.transport": "tcp",
    "listeners.echo.bind": "127.0.0.1:0",
    "line_echo.max_line": "100",
}
ACCESS = {
    "access.allow_anonymous": "false",
    "access.authenticators": '["test-users"]',
    "access.authorizers": '["test-topics"]',
}
BUILT_IN = (
    "acl",
    "certificate",
    "http",
    "jwt",
    "memory",
    "mqtt",
    "object",
    "passwords",
    "rocksdb",
)
DEADLINE = 10.0


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sample plugins, installed."""
    folder = tmp_path_factory.mktemp("samples")
    for name in ("line-echo", "test-auth"):
        install_sample(name, folder)
    return folder


class TestLineEcho:
    """A protocol pack that is no part of RobustMQ."""

    @pytest.fixture
    def broker(self, pool: BrokerPool, samples: Path) -> BrokerProcess:
        broker = pool.get(ECHO, samples)
        broker.wait_for(lambda: "echo" in broker.addresses, DEADLINE, "the echo listener")
        return broker

    @pytest.fixture
    def client(self, broker: BrokerProcess) -> Iterator[socket.socket]:
        with socket.create_connection(broker.addresses["echo"], DEADLINE) as client:
            yield client

    def test_it_echoes_lines(self, client: socket.socket) -> None:
        with client.makefile("rb") as lines:
            client.sendall(b"hello\nwor")
            assert lines.readline() == b"hello\n"
            client.sendall(b"ld\n")
            assert lines.readline() == b"world\n"
            client.shutdown(socket.SHUT_WR)
            assert lines.read() == b""

    def test_many_lines_at_once(self, client: socket.socket) -> None:
        expected = b"".join(b"%d\n" % number for number in range(20_000))
        with client.makefile("rb") as lines:
            client.sendall(expected)
            assert lines.read(len(expected)) == expected

    def test_its_section_is_configured(self, broker: BrokerProcess, client: socket.socket) -> None:
        client.sendall(b"x" * 101)
        assert client.recv(1) == b""
        host, port = client.getsockname()
        record = broker.wait_for_log(f"{host}:{port}")
        assert (record["level"], record["event"]) == ("warning", "line too long")

    def test_mqtt_is_served_beside_it(self, broker: BrokerProcess, topic: str) -> None:
        with WireClient(broker.address, code.V311) as client:
            client.connect()
            client.subscribe(topic)
            client.publish(topic, b"both")
            client.receive(topic, b"both")

    def test_the_broker_says_what_it_loaded(self, broker: BrokerProcess) -> None:
        record = broker.wait_for_log("broker started")
        assert set(record["plugins"]) == {*BUILT_IN, "line_echo", "test_auth"}

    def test_stopping_closes_its_connections(self, samples: Path, tmp_path: Path) -> None:
        broker = BrokerProcess(tmp_path / "data", ECHO, samples)
        broker.start()
        broker.wait_for(lambda: "echo" in broker.addresses, DEADLINE, "the echo listener")
        with socket.create_connection(broker.addresses["echo"], DEADLINE) as client:
            client.sendall(b"one\n")
            assert client.recv(10) == b"one\n"
            broker.stop()
            assert client.recv(1) == b""


class TestAccess:
    """Access control that is no part of RobustMQ."""

    @pytest.fixture
    def broker(self, pool: BrokerPool, samples: Path) -> BrokerProcess:
        return pool.get(ACCESS, samples)

    @pytest.fixture
    def client(self, broker: BrokerProcess) -> Iterator[WireClient]:
        with WireClient(broker.address, code.V5) as client:
            yield client

    @pytest.mark.parametrize(
        ("username", "password", "reason"),
        [
            ("alice", b"wonderland", code.SUCCESS),
            ("alice", b"looking-glass", 0x86),
            ("nobody", b"", 0x86),
            ("mallory", b"", 0x8A),
            (None, None, 0x87),
        ],
    )
    def test_an_authenticator_decides_who_comes_in(
        self, client: WireClient, username: str | None, password: bytes | None, reason: int
    ) -> None:
        client.send_connect(username=username, password=password)
        assert client.expect(Connack).reason == reason

    def test_an_authenticator_that_fails_lets_nobody_in(
        self, samples: Path, tmp_path: Path
    ) -> None:
        broker = BrokerProcess(tmp_path / "data", ACCESS, samples)
        broker.start()
        with WireClient(broker.address, code.V5) as client:
            client.send_connect(username="broken", password=b"")
            assert client.expect(Connack).reason == 0x88
        record = broker.wait_for_log("authenticator failed; it counts as a denial")
        assert record["authenticator"] == "test-users"
        broker.kill()

    def test_an_authorizer_decides_on_topics(self, client: WireClient) -> None:
        client.connect(username="alice", password=b"wonderland")
        granted = client.try_subscribe(("free/a", 1), ("forbidden/a", 1), ("undecided/a", 1))
        assert granted.reasons == (1, 0x87, 0x87)
        assert client.publish("readonly/a", b"x", 1) == 0x87
        assert client.publish("free/a", b"x", 1) == code.SUCCESS
        client.receive("free/a", b"x")

    def test_a_superuser_needs_no_permission(self, client: WireClient) -> None:
        client.connect(username="root", password=b"toor")
        client.subscribe(("forbidden/b", 1))
        assert client.publish("forbidden/b", b"x", 1) == code.SUCCESS
        client.receive("forbidden/b", b"x")

    def test_an_authentication_method_takes_several_steps_and_can_be_repeated(
        self, client: WireClient
    ) -> None:
        client.send_connect(properties=auth_properties(b"alice"))
        answer = self.answer_challenges(client, b"wonderland")
        assert isinstance(answer, Connack)
        assert answer.reason == code.SUCCESS
        assert answer.properties.get(prop.AUTHENTICATION_METHOD) == METHOD
        client.send(encode.auth(REAUTHENTICATE, auth_properties(b"alice")))
        answer = self.answer_challenges(client, b"wonderland")
        assert isinstance(answer, Auth)
        assert answer.reason == code.SUCCESS
        client.subscribe(("free/c", 0))

    def test_a_wrong_response_ends_the_exchange(self, client: WireClient) -> None:
        client.send_connect(properties=auth_properties(b"alice"))
        answer = self.answer_challenges(client, b"guess")
        assert isinstance(answer, Connack)
        assert answer.reason == 0x87

    def test_a_wrong_response_when_repeated_ends_the_connection(self, client: WireClient) -> None:
        client.send_connect(properties=auth_properties(b"bob"))
        assert isinstance(self.answer_challenges(client, b"builder"), Connack)
        client.send(encode.auth(REAUTHENTICATE, auth_properties(b"bob")))
        answer = self.answer_challenges(client, b"guess")
        assert isinstance(answer, Disconnect)
        assert answer.reason == 0x87

    def answer_challenges(self, client: WireClient, password: bytes) -> Connack | Auth | Disconnect:
        """Respond until the broker says something else than AUTH "continue"."""
        while True:
            packet = client.packet()
            if not isinstance(packet, Auth) or packet.reason == code.SUCCESS:
                assert isinstance(packet, Connack | Auth | Disconnect)
                return packet
            assert packet.reason == CONTINUE
            challenge = packet.properties.get(prop.AUTHENTICATION_DATA)
            assert isinstance(challenge, bytes)
            client.send(encode.auth(CONTINUE, auth_properties(respond(password, challenge))))


CONTINUE = 0x18
REAUTHENTICATE = 0x19
METHOD = "TEST-CHALLENGE"


def auth_properties(data: bytes) -> list[prop.Pair]:
    return [(prop.AUTHENTICATION_METHOD, METHOD), (prop.AUTHENTICATION_DATA, data)]


def respond(password: bytes, challenge: bytes) -> bytes:
    """What a client of the sample's method answers."""
    return hmac.digest(password, challenge, "sha256")


BROKEN = {
    "importing": (
        "import no_such_module",
        "cannot be loaded: ModuleNotFoundError: No module named 'no_such_module' (",
    ),
    "unknown_hook": (
        hook("robustmq_protocol_pack", "return []"),
        "implements the hook robustmq_protocol_pack, which does not exist (did you mean "
        "robustmq_protocol_packs?);",
    ),
    "arguments": (
        hook("robustmq_protocol_packs", "return []", "config"),
        "implements robustmq_protocol_packs with the arguments (config), but hooks get none;",
    ),
    "failing": (
        hook("robustmq_protocol_packs", "return 1 // 0"),
        "failed in its hook robustmq_protocol_packs: ZeroDivisionError: integer division or "
        "modulo by zero (",
    ),
    "wrong_type": (
        hook("robustmq_protocol_packs", "return 'mqtt'"),
        "returned a value of type str from robustmq_protocol_packs, which needs a list;",
    ),
    "another_mqtt": (
        PACK.format(name="mqtt"),
        "registers the protocol pack 'mqtt', which plugin \"mqtt\" (robustmq-mqtt ",
    ),
    "another_tcp": (
        hook("robustmq_default_listeners", "return {'tcp': {'protocol': 'mqtt'}}"),
        "registers the default listener 'tcp', which plugin \"mqtt\" (robustmq-mqtt ",
    ),
    "own_section": (
        "from robustmq_common.config.model import Section\n"
        + hook("robustmq_config_sections", "return {'access': Section}"),
        "registers the configuration section 'access', which is RobustMQ's own;",
    ),
    "memory": (
        PACK.format(name="other"),
        'has the same name as plugin "memory" (robustmq-broker ',
    ),
}
"""Plugins by their name: source, and what the sentence on it says after naming it."""


class TestBroken:
    @pytest.fixture
    def broken(self, tmp_path: Path) -> Path:
        """A folder with all the broken plugins, each installed by a distribution of its own."""
        folder = tmp_path / "plugins"
        for name, (source, _) in BROKEN.items():
            module = f"plugin_{name}"
            write_plugin(folder, f"robot-{name}", {name: module}, {module: source})
        return folder

    def expect_sentences(self, lines: list[str]) -> None:
        """One line for each broken plugin, and nothing else."""
        beginnings = [
            f'plugin "{name}" (robot-{name} 1.0) {clause}' for name, (_, clause) in BROKEN.items()
        ]
        for beginning in beginnings:
            assert len([line for line in lines if beginning in line]) == 1, beginning
        assert len(lines) == len(beginnings)
        for line in lines:
            assert "plugins.disabled" in line or "; uninstall robot-memory or " in line

    def test_the_start_is_refused_with_a_sentence_for_each(
        self, broken: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("PYTHONPATH", str(broken))
        command = BrokerProcess(tmp_path / "data").command()
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == PluginError.exit_code
        self.expect_sentences((done.stdout + done.stderr).splitlines())

    def test_or_they_are_left_out_with_a_warning_for_each(
        self, broken: Path, tmp_path: Path
    ) -> None:
        settings = {"plugins.on_error": "skip"}
        with BrokerProcess(tmp_path / "data", settings, broken) as broker:
            warnings = [record for record in broker.records if record["level"] != "info"]
            assert {record["event"] for record in warnings} == {"plugin left out"}
            assert {record["plugin"] for record in warnings} == set(BROKEN)
            self.expect_sentences([record["reason"] for record in warnings])
            record = broker.wait_for_log("broker started")
            assert record["plugins"] == list(BUILT_IN)
            with WireClient(broker.address, code.V311) as client:
                client.connect()

    def test_or_they_are_disabled_and_nobody_minds(self, tmp_path: Path) -> None:
        write_plugin(tmp_path / "plugins", "robot-bad", {"bad": "plugin_bad"})
        settings = {"plugins.disabled": '["bad"]'}
        with BrokerProcess(tmp_path / "data", settings, tmp_path / "plugins") as broker:
            assert [record for record in broker.records if record["level"] != "info"] == []


def test_a_sample_that_is_disabled_is_not_there(samples: Path, tmp_path: Path) -> None:
    settings = {"plugins.disabled": '["line_echo"]', **ECHO}
    settings.pop("line_echo.max_line")
    broker = BrokerProcess(tmp_path / "data", settings, samples)
    with pytest.raises(AssertionError, match="the installed protocol packs are: mqtt"):
        broker.start()
