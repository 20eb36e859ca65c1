"""The connect timeout and the keep-alive."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from memory_loop import Gate
from robustmq_common.spi.access import ALLOW, IGNORE, ClientInfo, ExchangeStep
from wire import (
    Auth,
    Connack,
    Pingresp,
    Will,
    code,
    encode,
    prop,
)

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


class TestTime:
    @LEVELS
    def test_connect_timeout(self, make_broker: MakeBroker, level: int) -> None:
        broker = make_broker(connect_timeout=5.0)
        silent = MemoryClient(broker, level)
        slow = MemoryClient(broker, level)
        slow.send(encode.connect(level, "c")[:-1])
        done = join(broker, "done", level)
        broker.advance(4.9)
        assert not silent.closed
        broker.advance(0.2)
        assert silent.raw.received() == b""
        assert [one.closed for one in (silent, slow, done)] == [True, True, False]
        assert broker.metric("connections.connect_timeout") == 2
        done.disconnect()
        assert broker.leftovers() == []

    @LEVELS
    def test_keep_alive(self, broker: MemoryBroker, level: int) -> None:
        client = join(broker, "c", level, keep_alive=10)
        broker.advance(14.9)
        assert not client.closed
        client.send(encode.PINGREQ)
        client.packet(Pingresp)
        broker.advance(14.9)
        assert not client.closed
        broker.advance(0.2)
        assert client.refused() == (code.KEEP_ALIVE_TIMEOUT if level == code.V5 else 0)
        assert broker.leftovers() == []

    def test_any_byte_shows_that_a_client_lives(self, broker: MemoryBroker) -> None:
        client = join(broker, keep_alive=10)
        for byte in encode.publish(code.V5, "a", b"x"):
            broker.advance(14)
            client.send(bytes([byte]))
        assert not client.closed

    @LEVELS
    def test_no_keep_alive_no_timeout(self, broker: MemoryBroker, level: int) -> None:
        client = join(broker, "c", level, keep_alive=0)
        broker.advance(1_000_000)
        assert not client.closed

    def test_keepalive_multiplier(self, make_broker: MakeBroker) -> None:
        broker = make_broker(keepalive_multiplier=3.0)
        client = join(broker, keep_alive=10)
        broker.advance(29.9)
        assert not client.closed
        broker.advance(0.2)
        assert client.closed

    @pytest.mark.parametrize(
        ("configured", "asked", "told", "seconds"),
        [
            ({"server_keep_alive": 20}, 100, 20, 20),
            ({"server_keep_alive": 20}, 0, 20, 20),
            ({"server_keep_alive": 20}, 20, None, 20),
            ({"max_keep_alive": 20}, 100, 20, 20),
            ({"max_keep_alive": 20}, 0, 20, 20),
            ({"max_keep_alive": 20}, 10, None, 10),
            ({"max_keep_alive": 20, "server_keep_alive": 30}, 10, 30, 30),
        ],
    )
    def test_the_server_s_keep_alive(
        self,
        make_broker: MakeBroker,
        configured: dict[str, int],
        asked: int,
        told: int | None,
        seconds: int,
    ) -> None:
        broker = make_broker(**configured)
        client = MemoryClient(broker)
        connack = client.connect(keep_alive=asked)
        assert connack.properties.get(prop.SERVER_KEEP_ALIVE) == told
        broker.advance(1.5 * seconds - 0.1)
        assert not client.closed
        broker.advance(0.2)
        assert client.closed

    @pytest.mark.parametrize("name", ["server_keep_alive", "max_keep_alive"])
    def test_3_x_clients_keep_their_own(self, make_broker: MakeBroker, name: str) -> None:
        broker = make_broker(**{name: 10})
        client = join(broker, "c", code.V311, keep_alive=100)
        broker.advance(149)
        assert not client.closed

    def test_a_timeout_publishes_the_will(self, broker: MemoryBroker) -> None:
        watcher = join(broker, "watcher")
        watcher.subscribe("w")
        join(broker, keep_alive=10, will=Will("w", b"gone"))
        broker.advance(16)
        assert watcher.payloads() == [b"gone"]


class SlowMethod:
    """An Authentication Method whose steps are answered by a test."""

    method = "slow"

    def __init__(self) -> None:
        self.gates: list[Gate] = []

    def begin(self, client: ClientInfo, reauthenticate: bool) -> "SlowMethod":
        return self

    async def step(self, data: bytes | None) -> ExchangeStep:
        self.gates.append(Gate())
        result: ExchangeStep = await self.gates[-1]
        return result


def test_a_long_re_authentication_does_not_cost_the_keep_alive(make_broker: MakeBroker) -> None:
    """The client cannot be heard while the method thinks: its silence is not its fault."""
    method = SlowMethod()
    broker = make_broker(enhanced=[method])
    named = [(prop.AUTHENTICATION_METHOD, "slow")]
    client = MemoryClient(broker)
    client.send(encode.connect(code.V5, "c", keep_alive=10, properties=named))
    broker.run_until_idle()
    method.gates[0].open(ExchangeStep(ALLOW))
    client.packet(Connack)
    client.send(encode.auth(code.RE_AUTHENTICATE, named))
    for _ in range(3):
        broker.advance(9)
        client.send(encode.PINGREQ)
    assert not client.closed
    method.gates[1].open(ExchangeStep(IGNORE, b"?"))
    kinds = [type(one) for one in client.packets()]
    assert kinds == [Auth, Pingresp, Pingresp, Pingresp]
    broker.advance(14.9)
    assert not client.closed
    broker.advance(0.2)
    assert client.refused() == code.KEEP_ALIVE_TIMEOUT
