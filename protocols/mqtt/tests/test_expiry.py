"""Clients whose credentials end are disconnected then, not sooner, and told why if they can be."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from robustmq_common.spi.access import ALLOW, AuthResult, ClientInfo, ExchangeStep
from wire import Auth, Connack, Disconnect, Will, code, encode, prop

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


class Ends:
    """Lets everyone in for some seconds; again, if the client wants to be authenticated again."""

    name = "ends"
    method = "ENDS"

    def __init__(self) -> None:
        self.expires_at: float | None = None

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        client.expires_at = self.expires_at
        return AuthResult(ALLOW)

    def begin(self, client: ClientInfo, reauthenticate: bool) -> "Exchange":
        return Exchange(self, client)


class Exchange:
    def __init__(self, ends: Ends, client: ClientInfo) -> None:
        self.ends = ends
        self.client = client

    async def step(self, data: bytes | None) -> ExchangeStep:
        self.client.expires_at = self.ends.expires_at
        return ExchangeStep(ALLOW)


@pytest.fixture
def ends() -> Ends:
    return Ends()


@pytest.fixture
def timed(make_broker: MakeBroker, ends: Ends) -> MemoryBroker:
    return make_broker(authenticators=[ends], enhanced=[ends])


def joined(broker: MemoryBroker, ends: Ends, seconds: float, level: int = code.V5) -> MemoryClient:
    ends.expires_at = broker.clock.wall + seconds
    client = MemoryClient(broker, level)
    assert client.connect("c").reason == 0
    return client


@LEVELS
def test_the_end(timed: MemoryBroker, ends: Ends, level: int) -> None:
    client = joined(timed, ends, 60, level)
    timed.advance(59)
    closed_early = client.closed
    assert not closed_early
    timed.advance(1.2)
    assert client.closed
    if level == code.V5:
        packet = client.packet(Disconnect)
        assert packet.reason == 0xA0  # Maximum connect time
    assert timed.metric("connections.credentials_expired") == 1
    assert timed.leftovers() == []


def test_a_long_time(timed: MemoryBroker, ends: Ends) -> None:
    client = joined(timed, ends, 10_000)
    timed.advance(9_990)
    assert not client.closed
    timed.advance(11)
    assert client.closed


@pytest.mark.parametrize("seconds", [1e18, 1e300])
def test_practically_never(timed: MemoryBroker, ends: Ends, seconds: float) -> None:
    client = joined(timed, ends, seconds)
    timed.advance(100_000)
    assert not client.closed
    client.disconnect()
    assert timed.context.expiries == {}


def test_an_end_that_is_over_already(timed: MemoryBroker, ends: Ends) -> None:
    client = joined(timed, ends, -5)
    timed.advance(0.2)
    assert client.closed


def test_whoever_leaves_is_forgotten(timed: MemoryBroker, ends: Ends) -> None:
    client = joined(timed, ends, 60)
    assert len(timed.context.expiries) == 1
    client.disconnect()
    assert timed.context.expiries == {}
    dropped = joined(timed, ends, 60)
    dropped.drop()
    assert timed.context.expiries == {}


def test_the_will_is_published(timed: MemoryBroker, ends: Ends) -> None:
    watcher = join(timed, "watcher")
    watcher.subscribe("wills")
    ends.expires_at = timed.clock.wall + 60
    client = MemoryClient(timed, code.V5)
    client.connect("c", will=Will("wills", b"expired"))
    timed.advance(61)
    assert [one.payload for one in watcher.publishes()] == [b"expired"]


def test_authenticating_again_puts_it_off(timed: MemoryBroker, ends: Ends) -> None:
    method: prop.Pair = (prop.AUTHENTICATION_METHOD, "ENDS")
    ends.expires_at = timed.clock.wall + 60
    client = MemoryClient(timed, code.V5)
    client.send(encode.connect(code.V5, "c", keep_alive=0, properties=[method]))
    assert client.packet(Connack).reason == 0
    timed.advance(50)
    ends.expires_at = timed.clock.wall + 60
    client.send(encode.auth(code.RE_AUTHENTICATE, [method]))
    assert client.packet(Auth).reason == 0
    timed.advance(50)
    assert not client.closed
    ends.expires_at = None
    client.send(encode.auth(code.RE_AUTHENTICATE, [method]))
    assert client.packet(Auth).reason == 0
    timed.advance(1000)
    assert not client.closed
    assert timed.context.expiries == {}
