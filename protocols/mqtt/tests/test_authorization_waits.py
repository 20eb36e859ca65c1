"""While an authorizer waits, its client does: what it sent stays in order; nobody else waits."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from memory_loop import Gate
from robustmq_common.spi.access import ALLOW, DENY, ClientInfo
from wire import Puback, Publish, Suback, Will, code, encode, prop

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V311, code.V5], ids=["v311", "v5"])
LASTING: list[prop.Pair] = [(prop.SESSION_EXPIRY_INTERVAL, 3600)]


class Slow:
    """Has to wait about topics with "slow" in them; `gates` let it go on."""

    name = "slow"

    def __init__(self) -> None:
        self.gates: list[Gate] = []
        self.asked: list[str] = []
        self.verdict = ALLOW

    async def authorize(
        self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
    ) -> int:
        self.asked.append(topic)
        if "slow" in topic:
            gate = Gate()
            self.gates.append(gate)
            await gate
        return self.verdict


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def broker(make_broker: MakeBroker, slow: Slow) -> MemoryBroker:
    return make_broker(authorizers=[slow])


def sent(client: MemoryClient, data: bytes) -> None:
    client.send(data)
    client.broker.run_until_idle()


def opened(broker: MemoryBroker, slow: Slow) -> None:
    slow.gates.pop(0).open()
    broker.run_until_idle()


@LEVELS
def test_messages_stay_in_order(broker: MemoryBroker, slow: Slow, level: int) -> None:
    watcher = join(broker, "watcher")
    watcher.subscribe(("#", 2))
    client = join(broker, "c", level)
    sent(
        client,
        encode.publish(level, "first", b"1", qos=1, packet_id=1)
        + encode.publish(level, "slow", b"2", qos=0)
        + encode.publish(level, "slow/too", b"3", qos=2, packet_id=2)
        + encode.ack(level, code.PUBREL, 2)
        + encode.publish(level, "last", b"4", qos=1, packet_id=3),
    )
    assert [one.payload for one in watcher.publishes()] == [b"1"]
    other = join(broker, "other")
    assert other.publish("other", b"x", 1) == 0
    assert [one.payload for one in watcher.publishes()] == [b"x"]
    opened(broker, slow)
    assert [one.payload for one in watcher.publishes()] == [b"2"]
    opened(broker, slow)
    assert [one.payload for one in watcher.publishes()] == [b"3", b"4"]


def test_a_commit_that_is_done_meanwhile_changes_nothing(broker: MemoryBroker, slow: Slow) -> None:
    """The acknowledgement of an earlier message goes out; what is behind the question waits on."""
    keeper = MemoryClient(broker, code.V5)
    keeper.connect("keeper", clean=False, properties=LASTING)
    keeper.subscribe(("#", 1))
    slow.asked.clear()
    client = join(broker, "c")
    broker.adapter.slow = True
    sent(
        client,
        encode.publish(code.V5, "first", b"1", qos=1, packet_id=1)
        + encode.publish(code.V5, "slow", b"2", qos=0)
        + encode.publish(code.V5, "last", b"3", qos=0),
    )
    assert slow.asked[:2] == ["first", "slow"]
    broker.adapter.slow = False
    broker.adapter.release()
    broker.run_until_idle()
    assert client.packet(Puback).packet_id == 1
    assert slow.asked[-1] == "slow"
    opened(broker, slow)
    assert slow.asked[-1] == "last"


@LEVELS
def test_a_no_that_took_its_time(broker: MemoryBroker, slow: Slow, level: int) -> None:
    watcher = join(broker, "watcher")
    watcher.subscribe(("#", 2))
    client = join(broker, "c", level)
    slow.verdict = DENY
    sent(client, encode.publish(level, "slow", b"x", qos=1, packet_id=1))
    opened(broker, slow)
    assert client.packet(Puback).reason == (0x87 if level == code.V5 else 0)
    assert watcher.publishes() == []


def test_subscriptions(broker: MemoryBroker, slow: Slow) -> None:
    client = join(broker, "c")
    sent(
        client,
        encode.subscribe(code.V5, 1, [("slow/a", 1), ("b", 0), ("slow/c", 2)])
        + encode.publish(code.V5, "b", b"after", qos=0),
    )
    opened(broker, slow)
    assert slow.asked[-1] == "slow/c"
    opened(broker, slow)
    suback, publish = client.packets()
    assert isinstance(suback, Suback)
    assert suback.reasons == (1, 0, 2)
    assert isinstance(publish, Publish)
    assert publish.payload == b"after"


def test_whoever_leaves_while_it_waits(broker: MemoryBroker, slow: Slow) -> None:
    watcher = join(broker, "watcher")
    watcher.subscribe("#")
    client = MemoryClient(broker, code.V5)
    client.connect("c", will=Will("slow/will", b"w"))
    sent(client, encode.publish(code.V5, "slow", b"x", qos=1, packet_id=1))
    client.drop()
    opened(broker, slow)
    assert watcher.publishes() == [], "the message of a connection that is gone is not accepted"
    opened(broker, slow)
    assert [one.payload for one in watcher.publishes()] == [b"w"]
