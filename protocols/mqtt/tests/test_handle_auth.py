"""AUTH: enhanced authentication and re-authentication (section 4.12), with methods of a plugin."""

from typing import Any

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from memory_loop import Gate
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, ClientInfo, ExchangeStep
from wire import Auth, Connack, Disconnect, Pingresp, Suback, Will, code, encode, prop

pytest_plugins = ("memory_fixtures",)


class Exchange:
    def __init__(self, method: "Challenge", client: ClientInfo, again: bool) -> None:
        self.method = method
        self.client = client
        self.again = again
        self.asked = False

    async def step(self, data: bytes | None) -> ExchangeStep:
        self.method.heard.append(data)
        if self.method.slow:
            gate = Gate()
            self.method.gates.append(gate)
            await gate
        if data == b"boom":
            raise RuntimeError("boom")
        if data == b"nothing":
            return None  # type: ignore[return-value]
        if data == b"bad":
            return ExchangeStep(DENY, None, self.method.denial, "bad answer")
        if not self.asked:
            self.asked = True
            return ExchangeStep(IGNORE, b"challenge")
        self.client.username = "challenged"
        return ExchangeStep(ALLOW, b"welcome")


class Challenge:
    """Sends a challenge, and lets everyone in who answers something."""

    method = "CHALLENGE"

    def __init__(self) -> None:
        self.heard: list[bytes | None] = []
        self.begun: list[bool] = []
        self.gates: list[Gate] = []
        self.slow = False
        self.denial = 0

    def begin(self, client: ClientInfo, reauthenticate: bool) -> Exchange:
        self.begun.append(reauthenticate)
        return Exchange(self, client, reauthenticate)


METHOD: prop.Pair = (prop.AUTHENTICATION_METHOD, "CHALLENGE")


def data(text: bytes) -> list[prop.Pair]:
    return [METHOD, (prop.AUTHENTICATION_DATA, text)]


@pytest.fixture
def method() -> Challenge:
    return Challenge()


@pytest.fixture
def broker(make_broker: MakeBroker, method: Challenge) -> MemoryBroker:
    return make_broker(enhanced=[method])


def begun(broker: MemoryBroker, **options: Any) -> MemoryClient:
    """A client that has got its challenge."""
    client = MemoryClient(broker)
    client.send(encode.connect(code.V5, "c", properties=data(b"hello"), **options))
    auth = client.packet(Auth)
    assert auth.reason == code.CONTINUE_AUTHENTICATION
    assert list(auth.properties) == data(b"challenge")
    return client


def admitted(broker: MemoryBroker, **options: Any) -> MemoryClient:
    """A client that has been let in."""
    client = begun(broker, **options)
    client.send(encode.auth(code.CONTINUE_AUTHENTICATION, data(b"answer")))
    connack = client.packet(Connack)
    assert connack.reason == 0
    assert connack.properties.get(prop.AUTHENTICATION_METHOD) == "CHALLENGE"
    assert connack.properties.get(prop.AUTHENTICATION_DATA) == b"welcome"
    return client


def went_wrong(broker: MemoryBroker) -> None:
    assert len(broker.log.events("error")) == 1
    broker.log.entries.clear()


class TestConnecting:
    def test_challenge_and_answer(self, broker: MemoryBroker, method: Challenge) -> None:
        client = admitted(broker)
        assert method.heard == [b"hello", b"answer"]
        assert method.begun == [False]
        assert broker.context.sessions["c"].client.username == "challenged"
        client.subscribe("a")

    @pytest.mark.parametrize(
        ("denial", "told"), [(0, 0x87), (0x86, 0x86), (0x8C, 0x8C), (0x19, None), (0x04, None)]
    )
    def test_denied(
        self, broker: MemoryBroker, method: Challenge, denial: int, told: int | None
    ) -> None:
        method.denial = denial
        client = begun(broker, will=Will("w"))
        client.send(encode.auth(code.CONTINUE_AUTHENTICATION, data(b"bad")))
        reason = client.refused()
        assert reason == told or (told is None and reason >= 0x80)
        assert broker.leftovers() == []

    @pytest.mark.parametrize("answer", [b"boom", b"nothing"])
    def test_a_method_that_fails_denies(self, broker: MemoryBroker, answer: bytes) -> None:
        client = begun(broker)
        client.send(encode.auth(code.CONTINUE_AUTHENTICATION, data(answer)))
        assert client.refused() == code.NOT_AUTHORIZED
        went_wrong(broker)
        assert broker.leftovers() == []

    def test_an_unknown_method(self, broker: MemoryBroker) -> None:
        for name in ("SCRAM-SHA-1", "", "x" * 65_535, "\U0001f600" * 16_000):
            client = MemoryClient(broker)
            properties: list[prop.Pair] = [(prop.AUTHENTICATION_METHOD, name)]
            client.send(encode.connect(code.V5, "c", properties=properties))
            assert client.refused() == code.BAD_AUTHENTICATION_METHOD

    @pytest.mark.parametrize(
        ("packet", "told"),
        [
            (encode.auth(code.RE_AUTHENTICATE, data(b"x")), 0x82),
            (encode.auth(code.SUCCESS, data(b"x")), 0x82),
            (encode.auth(code.CONTINUE_AUTHENTICATION, [(prop.AUTHENTICATION_METHOD, "X")]), 0x82),
            (encode.auth(code.CONTINUE_AUTHENTICATION), 0x82),
            (encode.packet(0xF0, b""), 0x82),
            (encode.auth(0x80, data(b"x")), 0x82),
            (encode.auth(code.CONTINUE_AUTHENTICATION, data(b"x"), flags=1), 0x81),
            (encode.PINGREQ, 0x82),
            (encode.publish(code.V5, "a", b"x"), 0x82),
            (encode.subscribe(code.V5, 1, [("a", 0)]), 0x82),
            (encode.connect(code.V5, "c"), 0x82),
        ],
    )
    def test_nothing_but_the_answer_may_come(
        self, broker: MemoryBroker, packet: bytes, told: int
    ) -> None:
        client = begun(broker)
        client.send(packet)
        assert client.refused() == told
        assert broker.leftovers() == []

    def test_a_client_may_give_up(self, broker: MemoryBroker) -> None:
        watcher = join(broker, "watcher")
        watcher.subscribe("w")
        client = begun(broker, will=Will("w"))
        client.send(encode.disconnect(code.V5))
        assert client.refused() == 0
        begun(broker, will=Will("w")).drop()
        assert watcher.packets() == []
        watcher.disconnect()
        assert broker.leftovers() == []

    def test_it_has_to_end_within_the_connect_timeout(self, broker: MemoryBroker) -> None:
        client = begun(broker)
        for _ in range(3):
            broker.advance(5.1)
        assert client.closed
        assert broker.leftovers() == []

    def test_without_a_method_there_is_no_auth(self, broker: MemoryBroker) -> None:
        client = join(broker)
        client.send(encode.auth(code.RE_AUTHENTICATE, data(b"x")))
        assert client.refused() == code.PROTOCOL_ERROR

    def test_before_5_0_there_is_none_at_all(self, broker: MemoryBroker) -> None:
        client = join(broker, "c", code.V311)
        client.send(encode.auth(code.RE_AUTHENTICATE, data(b"x")))
        assert client.refused() == 0

    def test_the_session_of_another_is_safe_until_it_is_over(self, broker: MemoryBroker) -> None:
        owner = join(broker, "c", expiry=100)
        intruder = begun(broker)
        intruder.send(encode.auth(code.CONTINUE_AUTHENTICATION, data(b"bad")))
        assert intruder.refused() == code.NOT_AUTHORIZED
        assert not owner.closed
        admitted(broker)
        assert owner.refused() == code.SESSION_TAKEN_OVER


class TestSlow:
    def test_packets_wait_while_the_method_thinks(
        self, broker: MemoryBroker, method: Challenge
    ) -> None:
        method.slow = True
        client = MemoryClient(broker)
        client.send(encode.connect(code.V5, "c", properties=data(b"hello")))
        broker.run_until_idle()
        client.send(encode.auth(code.CONTINUE_AUTHENTICATION, data(b"answer")))
        client.send(encode.subscribe(code.V5, 1, [("a", 0)]))
        assert client.packets() == []
        assert not client.raw.transport.reading
        method.gates[0].open()
        client.packet(Auth)
        method.gates[1].open()
        assert [type(one) for one in client.packets()] == [Connack, Suback]
        assert method.heard == [b"hello", b"answer"]

    def test_the_client_may_go_meanwhile(self, broker: MemoryBroker, method: Challenge) -> None:
        method.slow = True
        client = MemoryClient(broker)
        client.send(encode.connect(code.V5, "c", properties=data(b"hello")))
        broker.run_until_idle()
        client.drop()
        method.gates[0].open()
        assert broker.leftovers() == []

    def test_a_stop_meanwhile(self, broker: MemoryBroker, method: Challenge) -> None:
        method.slow = True
        client = MemoryClient(broker)
        client.send(encode.connect(code.V5, "c", properties=data(b"hello")))
        broker.run_until_idle()
        broker.stop()
        assert client.closed


class TestAgain:
    """Re-authentication: the connection goes on meanwhile, and ends if it fails."""

    def test_success(self, broker: MemoryBroker, method: Challenge) -> None:
        client = admitted(broker)
        client.send(encode.auth(code.RE_AUTHENTICATE, data(b"again")))
        assert list(client.packet(Auth).properties) == data(b"challenge")
        # Other packets are handled as before [MQTT-4.12.1].
        client.send(encode.PINGREQ)
        client.packet(Pingresp)
        client.subscribe("a")
        client.publish("a", b"x")
        assert client.payloads() == [b"x"]
        client.send(encode.auth(code.CONTINUE_AUTHENTICATION, data(b"answer")))
        auth = client.packet(Auth)
        assert auth.reason == code.SUCCESS
        assert list(auth.properties) == data(b"welcome")
        assert method.begun == [False, True]
        assert not client.closed

    def test_several_times(self, broker: MemoryBroker) -> None:
        client = admitted(broker)
        for _ in range(3):
            client.send(encode.auth(code.RE_AUTHENTICATE, data(b"again")))
            client.packet(Auth)
            client.send(encode.auth(code.CONTINUE_AUTHENTICATION, data(b"answer")))
            assert client.packet(Auth).reason == code.SUCCESS

    @pytest.mark.parametrize("denial", [0x00, 0x86, 0x87, 0x8C, 0x04, 0x85])
    @pytest.mark.parametrize("first", [True, False])
    def test_failure(
        self, broker: MemoryBroker, method: Challenge, denial: int, first: bool
    ) -> None:
        watcher = join(broker, "watcher")
        watcher.subscribe("w")
        method.denial = denial
        client = admitted(broker, will=Will("w", b"gone"))
        if not first:
            client.send(encode.auth(code.RE_AUTHENTICATE, data(b"again")))
            client.packet(Auth)
            client.send(encode.auth(code.CONTINUE_AUTHENTICATION, data(b"bad")))
        else:
            client.send(encode.auth(code.RE_AUTHENTICATE, data(b"bad")))
        disconnect = client.packet(Disconnect)
        assert disconnect.reason >= 0x80
        assert disconnect.reason == denial or denial != 0x87
        assert client.closed
        assert watcher.payloads() == [b"gone"]

    @pytest.mark.parametrize("answer", [b"boom", b"nothing"])
    def test_a_method_that_fails_denies(self, broker: MemoryBroker, answer: bytes) -> None:
        client = admitted(broker)
        client.send(encode.auth(code.RE_AUTHENTICATE, data(answer)))
        assert client.refused() == code.NOT_AUTHORIZED
        went_wrong(broker)

    @pytest.mark.parametrize(
        "packets",
        [
            [encode.auth(code.CONTINUE_AUTHENTICATION, data(b"x"))],
            [encode.auth(code.SUCCESS, data(b"x"))],
            [encode.auth(code.RE_AUTHENTICATE, [(prop.AUTHENTICATION_METHOD, "OTHER")])],
            [encode.auth(code.RE_AUTHENTICATE, data(b"x"))] * 2,
        ],
    )
    def test_out_of_turn(self, broker: MemoryBroker, packets: list[bytes]) -> None:
        client = admitted(broker)
        client.send(*packets)
        last = client.packets()[-1]
        assert isinstance(last, Disconnect)
        assert last.reason == code.PROTOCOL_ERROR

    def test_packets_wait_while_the_method_thinks(
        self, broker: MemoryBroker, method: Challenge
    ) -> None:
        client = admitted(broker)
        method.slow = True
        client.send(encode.auth(code.RE_AUTHENTICATE, data(b"again")) + encode.PINGREQ)
        assert client.packets() == []
        # What others send to it is not held back.
        client.send(encode.PINGREQ)
        method.gates[0].open()
        assert [type(one) for one in client.packets()] == [Auth, Pingresp, Pingresp]

    def test_storage_that_was_behind_lets_the_exchange_go_on(
        self, make_broker: MakeBroker, method: Challenge
    ) -> None:
        """The client's answer is awaited, and the client is held back for another reason."""
        broker = make_broker(enhanced=[method], receive_maximum=2)
        watcher = join(broker, "watcher", expiry=1_000)
        watcher.subscribe(("a", 1))
        watcher.disconnect()
        client = admitted(broker)
        client.send(encode.auth(code.RE_AUTHENTICATE, data(b"again")))
        client.packet(Auth)
        broker.adapter.slow = True
        for _ in range(3):
            client.send_publish("a", b"x", 1)
        client.send(encode.auth(code.CONTINUE_AUTHENTICATION, data(b"answer")))
        broker.run_until_idle()
        broker.adapter.slow = False
        while broker.adapter.waiting:
            broker.adapter.release()
            broker.run_until_idle()
        assert [type(one).__name__ for one in client.packets()] == ["Puback"] * 3 + ["Auth"]

    def test_storage_that_catches_up_does_not_end_the_wait(
        self, make_broker: MakeBroker, method: Challenge
    ) -> None:
        broker = make_broker(enhanced=[method], receive_maximum=2)
        watcher = join(broker, "watcher", expiry=1_000)
        watcher.subscribe(("a", 1))
        watcher.disconnect()
        client = admitted(broker)
        broker.adapter.slow = True
        method.slow = True
        client.send_publish("a", b"x", 1)
        client.send(encode.auth(code.RE_AUTHENTICATE, data(b"again")) + encode.PINGREQ)
        broker.run_until_idle()
        broker.adapter.release()
        assert [type(one).__name__ for one in client.packets()] == ["Puback"]
        method.gates[0].open()
        assert [type(one) for one in client.packets()] == [Auth, Pingresp]
