"""Will messages (3.1.2.5): when they are published, and with what."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from robustmq_common.spi.access import ALLOW, DENY, ClientInfo
from wire import Will, code, encode, prop

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


@pytest.fixture
def watcher(broker: MemoryBroker) -> MemoryClient:
    client = join(broker, "watcher")
    client.subscribe(("w/#", 2 | 0x08))
    return client


def delayed(seconds: int, payload: bytes = b"gone") -> Will:
    return Will("w", payload, properties=[(prop.WILL_DELAY_INTERVAL, seconds)])


@LEVELS
@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("retain", [False, True])
def test_a_lost_connection(
    broker: MemoryBroker, watcher: MemoryClient, level: int, qos: int, retain: bool
) -> None:
    client = join(broker, "c", level, will=Will("w/é", b"gone\xff", qos, retain))
    client.drop()
    (will,) = watcher.take()
    assert (will.topic, will.payload, will.qos, will.retain) == ("w/é", b"gone\xff", qos, retain)
    assert broker.context.retained.count == retain
    client = join(broker, "c", level)
    client.drop()
    assert watcher.packets() == []


@LEVELS
@pytest.mark.parametrize(
    "packet", [b"\x00\x00", encode.packet(0x30, b""), encode.PINGREQ + b"\x10"]
)
def test_a_broken_protocol(
    broker: MemoryBroker, watcher: MemoryClient, level: int, packet: bytes
) -> None:
    client = join(broker, "c", level, will=Will("w", b"gone"))
    client.send(packet)
    client.drop()
    assert watcher.payloads() == [b"gone"]


def test_its_properties(broker: MemoryBroker, watcher: MemoryClient) -> None:
    properties: list[prop.Pair] = [
        (prop.PAYLOAD_FORMAT_INDICATOR, 1),
        (prop.CONTENT_TYPE, "text/plain"),
        (prop.RESPONSE_TOPIC, "answers"),
        (prop.CORRELATION_DATA, b"\x00\xff"),
        (prop.USER_PROPERTY, ("k", "v")),
        (prop.USER_PROPERTY, ("k", "w")),
    ]
    given = [*properties, (prop.MESSAGE_EXPIRY_INTERVAL, 60), (prop.WILL_DELAY_INTERVAL, 30)]
    client = join(broker, "c", expiry=100, will=Will("w", b"x", 1, properties=given))
    client.drop()
    broker.advance(30.1)
    (will,) = watcher.take()
    # Its life begins when it is published, and the delay is not passed on.
    assert list(will.properties) == [*properties, (prop.MESSAGE_EXPIRY_INTERVAL, 60)]


def test_max_message_expiry_interval(make_broker: MakeBroker) -> None:
    broker = make_broker(max_message_expiry_interval=20)
    watcher = join(broker, "watcher")
    watcher.subscribe("w")
    join(broker, "c", will=Will("w")).drop()
    long: list[prop.Pair] = [(prop.MESSAGE_EXPIRY_INTERVAL, 50)]
    join(broker, "c", will=Will("w", properties=long)).drop()
    expiries = [one.properties.get(prop.MESSAGE_EXPIRY_INTERVAL) for one in watcher.publishes()]
    assert expiries == [20, 20]


class TestDelay:
    @pytest.mark.parametrize(
        ("delay", "expiry", "due"),
        [(50, 100, 50), (50, 0xFFFFFFFF, 50), (100, 50, 50), (0xFFFFFFFF, 50, 50), (50, 50, 50)],
    )
    def test_the_delay_or_the_session_s_end(
        self, broker: MemoryBroker, watcher: MemoryClient, delay: int, expiry: int, due: int
    ) -> None:
        join(broker, "c", expiry=expiry, will=delayed(delay)).drop()
        broker.advance(due - 1)
        assert watcher.packets() == []
        broker.advance(2)
        assert watcher.payloads() == [b"gone"]
        broker.advance(1_000)
        assert watcher.packets() == []

    def test_without_a_session_there_is_none(
        self, broker: MemoryBroker, watcher: MemoryClient
    ) -> None:
        join(broker, "c", will=delayed(50)).drop()
        assert watcher.payloads() == [b"gone"]

    def test_back_in_time(self, broker: MemoryBroker, watcher: MemoryClient) -> None:
        join(broker, "c", expiry=100, will=delayed(50)).drop()
        broker.advance(49)
        client = join(broker, "c", expiry=100)
        broker.advance(1_000)
        client.drop()
        broker.advance(1_000)
        assert watcher.packets() == []

    def test_back_in_time_with_another_will(
        self, broker: MemoryBroker, watcher: MemoryClient
    ) -> None:
        join(broker, "c", expiry=100, will=delayed(50, b"first")).drop()
        broker.advance(49)
        join(broker, "c", expiry=100, will=delayed(50, b"second")).drop()
        broker.advance(49)
        assert watcher.packets() == []
        broker.advance(2)
        assert watcher.payloads() == [b"second"]

    def test_a_clean_start_ends_the_session_and_the_delay(
        self, broker: MemoryBroker, watcher: MemoryClient
    ) -> None:
        join(broker, "c", expiry=100, will=delayed(50)).drop()
        join(broker, "c", clean=True)
        assert watcher.payloads() == [b"gone"]
        broker.advance(1_000)
        assert watcher.packets() == []

    def test_it_is_decided_at_the_end(self, broker: MemoryBroker, watcher: MemoryClient) -> None:
        client = join(broker, "c", expiry=100, will=delayed(50))
        client.disconnect(code.DISCONNECT_WITH_WILL, [])
        broker.advance(49)
        assert watcher.packets() == []
        broker.advance(2)
        assert watcher.payloads() == [b"gone"]

    def test_a_timer_that_is_not_needed_any_more_is_cancelled(self, broker: MemoryBroker) -> None:
        before = broker.timers.pending()
        for _ in range(10):
            join(broker, "c", expiry=100, will=delayed(50)).drop()
        assert broker.timers.pending() == before + 2
        join(broker, "c", clean=True).disconnect()
        assert broker.timers.pending() == before


def test_an_empty_will_removes_what_is_retained(broker: MemoryBroker) -> None:
    join(broker, "p").publish("w", b"x", retain=True)
    join(broker, "c", will=Will("w", b"", retain=True)).drop()
    assert broker.context.retained.count == 0


def test_it_may_be_denied_when_it_is_due(make_broker: MakeBroker) -> None:
    class Denying:
        name = "denying"

        def authorize(
            self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
        ) -> int:
            asked.append((client.client_id, action, topic, qos, retain))
            return DENY if action == "publish" else ALLOW

    asked: list[tuple[str, str, str, int, bool]] = []
    broker = make_broker(authorizers=[Denying()])
    watcher = join(broker, "watcher")
    watcher.subscribe("#")
    join(broker, "c", will=Will("w", b"x", 1, True)).drop()
    assert watcher.packets() == []
    assert broker.context.retained.count == 0
    assert asked[-1] == ("c", "publish", "w", 1, True)
    assert broker.metric("messages.dropped.not_authorized") == 1


def test_one_s_own_will(broker: MemoryBroker) -> None:
    """A lasting session that subscribed to it finds it when it comes back, unless No Local."""
    for options, expected in ((1, [b"gone"]), (1 | 0x04, [])):
        client = join(broker, "c", expiry=100, will=Will("mine", b"gone", 1))
        client.subscribe(("mine", options))
        client.drop()
        assert [one.payload for one in join(broker, "c", expiry=100).take()] == expected


def test_wills_of_clients_that_watch_each_other(make_broker: MakeBroker) -> None:
    broker = make_broker()
    for number in range(20):
        client = join(broker, f"c{number}", expiry=100, will=Will("w", bytes([number]), 1))
        client.subscribe(("w", 1))
    broker.stop()
    broker.start()
    counts = [len(join(broker, f"c{number}", expiry=100).take()) for number in range(20)]
    # Each went, and each that was still to go or gone already keeps what came.
    assert counts == [20] * 20
