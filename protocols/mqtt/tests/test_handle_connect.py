"""CONNECT (section 3.1): who is let in, and what is refused with which code."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from robustmq_common.spi.access import ALLOW, DENY, AuthResult, ClientInfo
from wire import Connack, Will, code, encode, prop
from wire.primitives import string

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


class Deciding:
    """Allows the user "alice" with the password "secret"; notes everybody else."""

    name = "deciding"

    def __init__(self, reason_code: int = code.BAD_USER_NAME_OR_PASSWORD) -> None:
        self.seen: list[ClientInfo] = []
        self.reason_code = reason_code

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        self.seen.append(client)
        if client.username == "alice" and password == b"secret":
            return AuthResult(ALLOW)
        return AuthResult(DENY, self.reason_code, "wrong password")


class Renaming:
    """Says who the client really is."""

    name = "renaming"

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        client.client_id = f"tenant/{client.client_id}"
        return AuthResult(ALLOW)


def refusal(level: int, reason: int, return_code: int) -> int:
    return reason if level == code.V5 else return_code


@LEVELS
def test_an_authenticator_decides(make_broker: MakeBroker, level: int) -> None:
    authenticator = Deciding()
    broker = make_broker(authenticators=[authenticator])
    join(broker, "good", level, username="alice", password=b"secret")
    client = MemoryClient(broker, level)
    client.send(encode.connect(level, "bad", username="alice", password=b"guess"))
    assert client.refused() == refusal(level, code.BAD_USER_NAME_OR_PASSWORD, 4)
    seen = authenticator.seen[0]
    assert (seen.client_id, seen.username, seen.listener) == ("good", "alice", "test")
    assert seen.peer.startswith("127.0.0.1:")
    assert seen.protocol == {3: "MQTT 3.1", 4: "MQTT 3.1.1", 5: "MQTT 5.0"}[level]
    assert "guess" not in repr(broker.log.entries)


@LEVELS
@pytest.mark.parametrize(
    ("reason", "return_code"),
    [
        (0x00, 5),
        (0x80, 3),
        (0x85, 2),
        (0x86, 4),
        (0x87, 5),
        (0x88, 3),
        (0x89, 3),
        (0x8A, 5),
        (0x97, 3),
        (0x9F, 3),
    ],
)
def test_its_reason_code_is_said(
    make_broker: MakeBroker, level: int, reason: int, return_code: int
) -> None:
    broker = make_broker(authenticators=[Deciding(reason)])
    client = MemoryClient(broker, level)
    client.send(encode.connect(level, "c"))
    found = client.packets()
    assert client.closed
    if level == code.V5:
        (connack,) = found
        assert isinstance(connack, Connack)
        assert connack.reason == (reason or code.NOT_AUTHORIZED)
        assert connack.properties.get(prop.REASON_STRING) == "wrong password"
    elif reason != 0x80:
        (connack,) = found
        assert isinstance(connack, Connack)
        assert connack.reason == return_code


@LEVELS
def test_anonymous_clients(make_broker: MakeBroker, level: int) -> None:
    broker = make_broker(allow_anonymous=False)
    client = MemoryClient(broker, level)
    client.send(encode.connect(level, "c"))
    assert client.refused() == refusal(level, code.NOT_AUTHORIZED, 5)


def test_an_authenticator_may_say_who_it_is(make_broker: MakeBroker) -> None:
    broker = make_broker(authenticators=[Renaming()])
    first = join(broker, "c", expiry=100)
    assert set(broker.context.sessions) == {"tenant/c"}
    second = join(broker, "c", expiry=100)
    assert first.refused() == code.SESSION_TAKEN_OVER
    second.subscribe(("a", 1 | 0x04))
    second.publish("a", b"mine", 1)
    assert second.packets() == []


class TestClientId:
    @LEVELS
    @pytest.mark.parametrize("clean", [True, False])
    def test_empty(self, broker: MemoryBroker, level: int, clean: bool) -> None:
        client = MemoryClient(broker, level)
        client.send(encode.connect(level, "", clean=clean))
        connack = client.packet(Connack)
        if level == code.V5:
            assert connack.reason == 0
            assigned = connack.properties.get(prop.ASSIGNED_CLIENT_IDENTIFIER)
            assert assigned in broker.context.sessions
        elif level == code.V311 and clean:
            assert connack.reason == 0
            assert len(broker.context.sessions) == 1
        else:
            assert connack.reason == code.IDENTIFIER_REJECTED
            assert client.closed

    @LEVELS
    def test_allow_zero_length_client_id(self, make_broker: MakeBroker, level: int) -> None:
        broker = make_broker(allow_zero_length_client_id=False)
        client = MemoryClient(broker, level)
        client.send(encode.connect(level, ""))
        assert client.refused() == refusal(level, code.CLIENT_IDENTIFIER_NOT_VALID, 2)

    @LEVELS
    def test_max_client_id_length(self, make_broker: MakeBroker, level: int) -> None:
        broker = make_broker(max_client_id_length=24)
        join(broker, "é" * 12, level)
        client = MemoryClient(broker, level)
        client.send(encode.connect(level, "é" * 12 + "x"))
        assert client.refused() == refusal(level, code.CLIENT_IDENTIFIER_NOT_VALID, 2)

    @pytest.mark.parametrize("client_id", ["a/b", "#", "$share", " ", "é\U0001f600", "x" * 65_535])
    def test_any_text_will_do(self, broker: MemoryBroker, client_id: str) -> None:
        client = join(broker, client_id, expiry=100)
        client.subscribe(("a", 1))
        client.disconnect()
        broker.restart()
        client = MemoryClient(broker)
        assert client.connect(client_id, clean=False).session_present


class TestMaxSessions:
    @LEVELS
    def test_further_clients_are_refused(self, make_broker: MakeBroker, level: int) -> None:
        broker = make_broker(max_sessions=2)
        one = join(broker, "1", level)
        join(broker, "2", level, expiry=100).disconnect()
        client = MemoryClient(broker, level)
        client.send(encode.connect(level, "3"))
        assert client.refused() == refusal(level, code.QUOTA_EXCEEDED, 3)
        # Who has a session may come back, also with another one instead.
        join(broker, "2", level)
        one.disconnect()
        join(broker, "3", level)

    def test_clients_that_are_being_authenticated_count_in_the_end(
        self, make_broker: MakeBroker
    ) -> None:
        broker = make_broker(max_sessions=2, authenticators=[Renaming()])
        clients = [MemoryClient(broker) for _ in range(4)]
        for number, client in enumerate(clients):
            client.send(encode.connect(code.V5, str(number)))
        reasons = sorted(client.packet(Connack).reason for client in clients)
        assert reasons == [0, 0, code.QUOTA_EXCEEDED, code.QUOTA_EXCEEDED]
        assert len(broker.context.sessions) == 2

    def test_0_is_no_bound(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_sessions=0)
        for number in range(50):
            join(broker, str(number))
        assert len(broker.context.sessions) == 50


class TestWill:
    @LEVELS
    @pytest.mark.parametrize("topic", ["", "a/#", "+", "a/" * 128])
    def test_its_topic(self, broker: MemoryBroker, level: int, topic: str) -> None:
        client = MemoryClient(broker, level)
        client.send(encode.connect(level, "c", will=Will(topic)))
        assert client.refused() == refusal(level, code.TOPIC_NAME_INVALID, 0)

    @LEVELS
    def test_the_broker_s_own_topics(self, broker: MemoryBroker, level: int) -> None:
        watcher = join(broker, "w")
        watcher.subscribe("$SYS/#")
        client = MemoryClient(broker, level)
        client.send(encode.connect(level, "c", will=Will("$SYS/brokers/x", retain=True)))
        assert client.refused() == refusal(level, code.NOT_AUTHORIZED, 5)
        assert watcher.packets() == []
        assert broker.context.retained.root.is_empty()

    @LEVELS
    def test_its_qos(self, make_broker: MakeBroker, level: int) -> None:
        broker = make_broker(max_qos=1)
        join(broker, "1", level, will=Will("a", qos=1))
        client = MemoryClient(broker, level)
        client.send(encode.connect(level, "c", will=Will("a", qos=2)))
        assert client.refused() == refusal(level, code.QOS_NOT_SUPPORTED, 0)

    @LEVELS
    def test_its_retain(self, make_broker: MakeBroker, level: int) -> None:
        broker = make_broker(retain_available=False)
        client = MemoryClient(broker, level)
        client.send(encode.connect(level, "c", will=Will("a", retain=True)))
        assert client.refused() == refusal(level, code.RETAIN_NOT_SUPPORTED, 0)

    def test_its_response_topic(self, broker: MemoryBroker) -> None:
        client = MemoryClient(broker)
        will = Will("a", properties=[(prop.RESPONSE_TOPIC, "a/#")])
        client.send(encode.connect(code.V5, "c", will=will))
        assert client.refused() == code.PROTOCOL_ERROR

    @pytest.mark.parametrize("check", [False, True])
    def test_its_payload(self, make_broker: MakeBroker, check: bool) -> None:
        broker = make_broker(check_payload_format=check)
        will = Will("a", b"\xff", properties=[(prop.PAYLOAD_FORMAT_INDICATOR, 1)])
        client = MemoryClient(broker)
        client.send(encode.connect(code.V5, "c", will=will))
        assert client.packet(Connack).reason == (code.PAYLOAD_FORMAT_INVALID if check else 0)

    def test_a_refused_client_has_none(self, make_broker: MakeBroker) -> None:
        broker = make_broker(authenticators=[Deciding()])
        watcher = join(broker, "w", username="alice", password=b"secret")
        watcher.subscribe("#")
        client = MemoryClient(broker)
        client.send(encode.connect(code.V5, "c", will=Will("a")))
        assert client.refused() == code.BAD_USER_NAME_OR_PASSWORD
        assert watcher.packets() == []


@pytest.mark.parametrize("number", [0, 1, 2, 6, 7, 127, 200])
@pytest.mark.parametrize("name", ["MQTT", "MQIsdp"])
def test_unknown_levels(broker: MemoryBroker, number: int, name: str) -> None:
    client = MemoryClient(broker, code.V311)
    client.send(encode.connect(code.V311, "c", wire_level=number, protocol_name=name))
    answer = client.raw.received()
    assert client.closed
    if number > 5:
        assert answer[:4] == b"\x20" + bytes([len(answer) - 2]) + b"\x00\x84"
    else:
        assert answer == b"\x20\x02\x00\x01"


@pytest.mark.parametrize("name", ["mqtt", "HTTP", "", "MQTTX"])
def test_who_does_not_name_mqtt_gets_no_answer(broker: MemoryBroker, name: str) -> None:
    client = MemoryClient(broker, code.V311)
    client.send(encode.packet(0x10, string(name) + b"\x04\x02\x00\x00" + string("c")))
    assert client.raw.received() == b""
    assert client.closed


def test_a_stopping_broker_lets_nobody_in(broker: MemoryBroker) -> None:
    clients = [(level, MemoryClient(broker, level)) for level in (code.V311, code.V5)]
    broker.context.stopping = True
    for level, client in clients:
        client.send(encode.connect(level, "c"))
        assert client.refused() == (code.SERVER_UNAVAILABLE if level == code.V311 else 0x88)
    broker.context.stopping = False


@LEVELS
def test_a_second_connect(broker: MemoryBroker, level: int) -> None:
    client = join(broker, "c", level)
    client.send(encode.connect(level, "c"))
    assert client.refused() == refusal(level, code.PROTOCOL_ERROR, 0)
