"""Wills and their delay go on after a restart."""

from memory_broker import MemoryBroker
from memory_client import join
from memory_restart import CRASH, DAY, again
from wire import Publish, Will, prop

pytest_plugins = ("memory_fixtures",)


class TestWill:
    """A will outlives the broker: it is published once, at its time."""

    def watched(self, broker: MemoryBroker, delay: int, expiry: int = DAY) -> None:
        watcher = join(broker, "watcher", expiry=DAY)
        watcher.subscribe(("will/#", 2))
        properties: list[prop.Pair] = [
            (prop.WILL_DELAY_INTERVAL, delay),
            (prop.CONTENT_TYPE, "text"),
            (prop.USER_PROPERTY, ("k", "v")),
            (prop.MESSAGE_EXPIRY_INTERVAL, 1_000),
        ]
        will = Will("will/s", b"gone", 2, properties=properties)
        self.client = join(broker, "s", expiry=expiry, will=will)

    def wills(self, broker: MemoryBroker) -> list[Publish]:
        watcher = again(broker, client_id="watcher")
        wills = watcher.take()
        watcher.disconnect()
        return wills

    @CRASH
    def test_connected_when_the_broker_went(self, broker: MemoryBroker, crash: bool) -> None:
        self.watched(broker, 0)
        broker.restart(crash=crash, away=10)
        (will,) = self.wills(broker)
        assert (will.payload, will.qos, will.retain) == (b"gone", 2, False)
        assert will.properties.get(prop.CONTENT_TYPE) == "text"
        assert will.properties.user == [("k", "v")]
        broker.restart(crash=crash)
        assert self.wills(broker) == []

    @CRASH
    def test_the_delay_goes_on(self, broker: MemoryBroker, crash: bool) -> None:
        self.watched(broker, 100)
        self.client.drop()
        broker.advance(30)
        broker.restart(crash=crash, away=30)
        broker.advance(39)
        assert self.wills(broker) == []
        broker.advance(2)
        assert [one.payload for one in self.wills(broker)] == [b"gone"]
        broker.restart(crash=crash, away=200)
        broker.advance(200)
        assert self.wills(broker) == []

    @CRASH
    def test_the_delay_ends_while_the_broker_is_away(
        self, broker: MemoryBroker, crash: bool
    ) -> None:
        self.watched(broker, 100)
        self.client.drop()
        broker.restart(crash=crash, away=101)
        assert [one.payload for one in self.wills(broker)] == [b"gone"]

    @CRASH
    def test_the_session_ends_before_the_delay(self, broker: MemoryBroker, crash: bool) -> None:
        self.watched(broker, 100, expiry=50)
        self.client.drop()
        broker.restart(crash=crash, away=20)
        broker.advance(29)
        assert self.wills(broker) == []
        broker.advance(2)
        assert [one.payload for one in self.wills(broker)] == [b"gone"]

    @CRASH
    def test_the_session_ends_while_the_broker_is_away(
        self, broker: MemoryBroker, crash: bool
    ) -> None:
        self.watched(broker, 100, expiry=50)
        self.client.drop()
        broker.restart(crash=crash, away=51)
        assert [one.payload for one in self.wills(broker)] == [b"gone"]

    @CRASH
    def test_the_client_comes_back_in_time(self, broker: MemoryBroker, crash: bool) -> None:
        self.watched(broker, 100)
        self.client.drop()
        broker.restart(crash=crash, away=50)
        again(broker).disconnect()
        broker.advance(1_000)
        assert self.wills(broker) == []

    @CRASH
    def test_a_proper_disconnect_takes_it_away(self, broker: MemoryBroker, crash: bool) -> None:
        self.watched(broker, 100)
        self.client.disconnect()
        broker.restart(crash=crash, away=200)
        assert self.wills(broker) == []

    @CRASH
    def test_published_before(self, broker: MemoryBroker, crash: bool) -> None:
        self.watched(broker, 0)
        self.client.drop()
        broker.restart(crash=crash)
        assert [one.payload for one in self.wills(broker)] == [b"gone"]
