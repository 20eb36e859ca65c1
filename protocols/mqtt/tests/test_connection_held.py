"""What a client sends while it is authenticated waits."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient
from memory_loop import Gate
from robustmq_common.spi.access import ALLOW, DENY, AuthResult, ClientInfo
from wire import (
    Connack,
    Pingresp,
    Publish,
    Suback,
    Will,
    code,
    encode,
)

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


class Waiting:
    """An authenticator that answers when a test opens its gate."""

    name = "waiting"

    def __init__(self) -> None:
        self.gates: list[Gate] = []

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        self.gates.append(Gate())
        result: AuthResult = await self.gates[-1]
        return result

    def answer(self, broker: MemoryBroker, result: AuthResult, number: int = 0) -> None:
        """Let an authentication end; the first unless another is meant."""
        broker.run_until_idle()
        self.gates[number].open(result)


class TestHeld:
    """While authentication is under way nothing else of this client is looked at."""

    @LEVELS
    @pytest.mark.parametrize("bytewise", [False, True])
    def test_what_comes_meanwhile_is_handled_afterwards(
        self, make_broker: MakeBroker, level: int, bytewise: bool
    ) -> None:
        authenticator = Waiting()
        broker = make_broker(authenticators=[authenticator])
        client = MemoryClient(broker, level)
        data = (
            encode.connect(level, "c")
            + encode.subscribe(level, 1, [("a", 0)])
            + encode.publish(level, "a", b"x")
            + encode.PINGREQ[:1]
        )
        if bytewise:
            client.raw.send_bytewise(data)
        else:
            client.send(data)
        client.send(encode.PINGREQ[1:])
        assert client.packets() == []
        assert not client.raw.transport.reading
        authenticator.answer(broker, AuthResult(ALLOW))
        assert [type(one) for one in client.packets()] == [Connack, Suback, Publish, Pingresp]
        assert client.raw.transport.reading

    def test_bytes_that_were_read_already_are_kept(self, make_broker: MakeBroker) -> None:
        authenticator = Waiting()
        broker = make_broker(authenticators=[authenticator])
        client = MemoryClient(broker)
        client.send(encode.connect(code.V5, "c"))
        connection = client.raw.transport.connection
        assert connection is not None
        for byte in encode.PINGREQ + encode.PINGREQ:
            connection.data_received(bytes([byte]))
        authenticator.answer(broker, AuthResult(ALLOW))
        assert [type(one) for one in client.packets()] == [Connack, Pingresp, Pingresp]

    @LEVELS
    def test_nothing_is_handled_after_a_refusal(self, make_broker: MakeBroker, level: int) -> None:
        authenticator = Waiting()
        broker = make_broker(authenticators=[authenticator])
        client = MemoryClient(broker, level)
        client.send(encode.connect(level, "c") + encode.publish(level, "r", b"x", retain=True))
        authenticator.answer(broker, AuthResult(DENY, code.BAD_USER_NAME_OR_PASSWORD, "who?"))
        assert client.refused() == (0x86 if level == code.V5 else 4)
        assert broker.context.retained.count == 0
        assert broker.leftovers() == []

    def test_it_has_to_end_within_the_connect_timeout(self, make_broker: MakeBroker) -> None:
        authenticator = Waiting()
        broker = make_broker(authenticators=[authenticator], connect_timeout=5.0)
        client = MemoryClient(broker)
        client.send(encode.connect(code.V5, "c"))
        broker.advance(5.1)
        assert client.closed
        authenticator.answer(broker, AuthResult(ALLOW))
        broker.run_until_idle()
        assert client.raw.received() == b""
        assert broker.leftovers() == []

    def test_the_client_may_go_meanwhile(self, make_broker: MakeBroker) -> None:
        authenticator = Waiting()
        broker = make_broker(authenticators=[authenticator])
        client = MemoryClient(broker)
        client.send(encode.connect(code.V5, "c", will=Will("w")))
        client.drop()
        authenticator.answer(broker, AuthResult(ALLOW))
        assert broker.leftovers() == []

    def test_two_of_the_same_identifier(self, make_broker: MakeBroker) -> None:
        authenticator = Waiting()
        broker = make_broker(authenticators=[authenticator])
        first, second = MemoryClient(broker), MemoryClient(broker)
        for client in (first, second):
            client.send(encode.connect(code.V5, "c"))
        authenticator.answer(broker, AuthResult(ALLOW), 1)
        second.packet(Connack)
        authenticator.answer(broker, AuthResult(ALLOW))
        first.packet(Connack)
        assert second.refused() == code.SESSION_TAKEN_OVER
        assert not first.closed

    def test_a_stop_meanwhile(self, make_broker: MakeBroker) -> None:
        authenticator = Waiting()
        broker = make_broker(authenticators=[authenticator])
        client = MemoryClient(broker)
        client.send(encode.connect(code.V5, "c"))
        broker.pack.stopping()
        assert client.closed
        authenticator.answer(broker, AuthResult(ALLOW))
        assert broker.leftovers() == []
