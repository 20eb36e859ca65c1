"""Acknowledgements wait for storage, keep their order, and are not sent if it fails."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from robustmq_common.errors import StorageError
from wire import (
    Packet,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Unsuback,
    code,
    encode,
    prop,
)

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V311, code.V5], ids=["v311", "v5"])
FULL = StorageError("disk full")


def watched(broker: MemoryBroker, level: int = code.V5) -> MemoryClient:
    """A publisher to "a", for which a durable session that is away waits."""
    watcher = join(broker, "watcher", expiry=1_000)
    watcher.subscribe(("a", 2))
    watcher.disconnect()
    client = join(broker, "c", level)
    broker.adapter.slow = True
    return client


def kinds(packets: list[Packet]) -> list[tuple[str, int]]:
    return [(type(one).__name__, getattr(one, "packet_id", 0)) for one in packets]


def went_wrong(broker: MemoryBroker) -> None:
    """The log says so, once for each failed commit."""
    assert set(broker.log.events("error")) == {"commit failed; what it held is not stored"}
    broker.log.entries.clear()


@LEVELS
def test_a_puback_waits_for_the_commit(broker: MemoryBroker, level: int) -> None:
    client = watched(broker, level)
    client.send_publish("a", b"x", 1, packet_id=5)
    assert client.packets() == []
    broker.adapter.release()
    assert client.packet(Puback).packet_id == 5


@LEVELS
def test_nothing_to_store_nothing_to_wait_for(broker: MemoryBroker, level: int) -> None:
    client = watched(broker, level)
    client.send_publish("nobody", b"x", 1, packet_id=5)
    assert client.packet(Puback).packet_id == 5


def test_the_order_is_that_of_the_packets(broker: MemoryBroker) -> None:
    client = watched(broker)
    client.send_publish("a", b"1", 1, packet_id=1)
    broker.run_until_idle()
    # The commit is under way; these have nothing to store, or are for the next one.
    client.send_publish("nobody", b"2", 1, packet_id=2)
    client.send_publish("a", b"3", 2, packet_id=3)
    client.send(encode.subscribe(code.V5, 4, [("b", 0)]))
    client.send_publish("nobody", b"5", 2, packet_id=5)
    client.send(encode.unsubscribe(code.V5, 6, ["b"]))
    client.send_publish("a", b"7", 1, packet_id=7)
    assert client.packets() == []
    broker.adapter.release()
    assert kinds(client.packets()) == [("Puback", 1), ("Puback", 2)]
    broker.adapter.release()
    assert kinds(client.packets()) == [
        *(("Pubrec", 3), ("Suback", 4), ("Pubrec", 5), ("Unsuback", 6), ("Puback", 7))
    ]


def test_every_client_waits_for_what_it_wrote(broker: MemoryBroker) -> None:
    one = watched(broker)
    two = join(broker, "two")
    three = join(broker, "three")
    one.send_publish("a", b"1", 1, packet_id=1)
    broker.run_until_idle()
    two.send_publish("a", b"2", 1, packet_id=2)
    three.send_publish("nobody", b"3", 1, packet_id=3)
    assert one.packets() == two.packets() == []
    three.packet(Puback)
    broker.adapter.release()
    one.packet(Puback)
    assert two.packets() == []
    broker.adapter.release()
    two.packet(Puback)


def test_a_ping_is_answered_meanwhile(broker: MemoryBroker) -> None:
    client = watched(broker)
    client.send_publish("a", b"1", 1, packet_id=1)
    client.send(encode.PINGREQ)
    client.packet(Pingresp)
    broker.adapter.release()
    client.packet(Puback)


class TestFailure:
    def test_5_0_is_told(self, broker: MemoryBroker) -> None:
        client = watched(broker)
        client.send_publish("a", b"1", 1, packet_id=1)
        client.send_publish("a", b"2", 2, packet_id=2)
        broker.run_until_idle()
        broker.adapter.release(FULL)
        puback, pubrec = client.packets()
        assert isinstance(puback, Puback)
        assert isinstance(pubrec, Pubrec)
        assert (puback.reason, pubrec.reason) == (code.QUOTA_EXCEEDED, code.QUOTA_EXCEEDED)
        assert puback.properties.get(prop.REASON_STRING)
        assert not client.closed
        went_wrong(broker)

    @pytest.mark.parametrize("qos", [1, 2])
    def test_3_x_is_closed(self, broker: MemoryBroker, qos: int) -> None:
        client = watched(broker, code.V311)
        client.send_publish("a", b"1", qos, packet_id=1)
        broker.run_until_idle()
        broker.adapter.release(FULL)
        assert client.packets() == []
        assert client.closed
        went_wrong(broker)

    def test_a_subscription_that_cannot_be_stored_is_not_granted(
        self, broker: MemoryBroker
    ) -> None:
        client = join(broker, "s", expiry=100)
        broker.adapter.slow = True
        client.send(encode.subscribe(code.V5, 1, [("a", 1)]))
        broker.run_until_idle()
        broker.adapter.release(FULL)
        assert client.packet(Suback).reasons == (code.QUOTA_EXCEEDED,)
        assert broker.filters("s") == set()
        went_wrong(broker)
        # What is in storage once it works again says the same.
        broker.adapter.slow = False
        broker.adapter.release()
        broker.advance(2)
        broker.restart(crash=True)
        assert broker.filters("s") == set()

    def test_the_next_one_may_succeed(self, broker: MemoryBroker) -> None:
        client = watched(broker)
        client.send_publish("a", b"1", 1, packet_id=1)
        broker.run_until_idle()
        client.send_publish("a", b"2", 1, packet_id=2)
        broker.adapter.release(FULL)
        assert client.packet(Puback).reason == code.QUOTA_EXCEEDED
        broker.adapter.release()
        assert client.packet(Puback).reason == code.SUCCESS
        went_wrong(broker)

    def test_the_identifier_of_a_message_that_was_not_taken_is_free(
        self, broker: MemoryBroker
    ) -> None:
        """PUBREC with an error ends the exchange: the same identifier is another message."""
        client = watched(broker)
        client.send_publish("a", b"lost", 2, packet_id=1)
        broker.run_until_idle()
        broker.adapter.release(FULL)
        assert client.packet(Pubrec).reason == code.QUOTA_EXCEEDED
        broker.adapter.slow = False
        client.send_publish("a", b"kept", 2, packet_id=1)
        assert client.packet(Pubrec).reason == code.SUCCESS
        client.ack(code.PUBREL, 1)
        assert client.packet(Pubcomp).reason == code.SUCCESS
        went_wrong(broker)
        watcher = join(broker, "watcher", expiry=1_000)
        assert b"kept" in [one.payload for one in watcher.take()]

    def test_what_could_not_be_stored_is_stored_again_for_the_next(
        self, broker: MemoryBroker
    ) -> None:
        client = watched(broker)
        client.send_publish("a", b"x", 1, packet_id=1)
        broker.run_until_idle()
        broker.adapter.release(FULL)
        client.packets()
        went_wrong(broker)
        broker.adapter.slow = False
        client.send_publish("a", b"x", 1, packet_id=1)
        assert client.packet(Puback).reason == 0
        broker.restart(crash=True)
        watcher = join(broker, "watcher", expiry=1_000)
        assert [one.payload for one in watcher.take()] == [b"x"]


class TestRelease:
    """PUBREL says "I know that you have it": that must survive a crash [MQTT-4.3.3-6]."""

    def test_pubrel_waits_for_the_commit(self, broker: MemoryBroker) -> None:
        client = join(broker, "s", expiry=1_000)
        client.subscribe(("a", 2))
        join(broker, "p").publish("a", b"x", 2)
        (message,) = client.publishes()
        broker.adapter.slow = True
        client.ack(code.PUBREC, message.packet_id)
        assert client.packets() == []
        broker.adapter.release()
        assert client.packet(Pubrel).packet_id == message.packet_id

    def test_after_a_crash_in_between_it_is_still_once(self, broker: MemoryBroker) -> None:
        client = join(broker, "s", expiry=1_000)
        client.subscribe(("a", 2))
        join(broker, "p").publish("a", b"x", 2)
        (message,) = client.publishes()
        broker.adapter.slow = True
        client.ack(code.PUBREC, message.packet_id)
        released = bool(client.packets())
        broker.crash()
        broker.adapter.slow = False
        broker.adapter.waiting.clear()
        broker.start()
        client = join(broker, "s", expiry=1_000)
        (again,) = client.packets()
        # A client that has let go of the identifier takes a PUBLISH with it for a new message.
        assert not (released and isinstance(again, Publish))

    def test_a_clean_session_need_not_wait(self, broker: MemoryBroker) -> None:
        watcher = join(broker, "watcher", expiry=1_000)
        watcher.subscribe(("b", 1))
        client = join(broker, "s")
        client.subscribe(("a", 2))
        publisher = join(broker, "p")
        publisher.publish("a", b"x", 2)
        (message,) = client.publishes()
        broker.adapter.slow = True
        # What somebody else has to store in the same turn is not its business.
        publisher.send_publish("b", b"x", 1)
        client.ack(code.PUBREC, message.packet_id)
        client.packet(Pubrel)

    def test_pubcomp_waits_for_the_commit(self, broker: MemoryBroker) -> None:
        client = join(broker, "s", expiry=1_000)
        client.send_publish("a", b"x", 2, packet_id=1)
        client.packet(Pubrec)
        broker.adapter.slow = True
        client.ack(code.PUBREL, 1)
        assert client.packets() == []
        broker.adapter.release()
        client.packet(Pubcomp)


def test_a_client_that_outruns_storage_is_held_back(make_broker: MakeBroker) -> None:
    broker = make_broker(receive_maximum=3)
    for level in (code.V311, code.V5):
        client = watched(broker, level)
        for number in range(1, 11):
            client.send_publish("a", b"x", 1, packet_id=number)
        assert client.packets() == []
        assert [client.raw.transport.reading] == [False]
        answered = 0
        while broker.adapter.waiting:
            assert broker.services.storage.backlog() <= 20
            broker.adapter.release()
            answered += len(client.packets())
        assert answered == 10
        assert client.raw.transport.reading
        broker.adapter.slow = False
        client.disconnect()


def test_a_client_that_is_gone_is_not_answered(broker: MemoryBroker) -> None:
    client = watched(broker)
    client.send_publish("a", b"x", 1, packet_id=1)
    client.drop()
    broker.adapter.release()
    broker.run_until_idle()
    assert client.raw.received() == b""


@LEVELS
def test_subscriptions_wait_for_the_commit(broker: MemoryBroker, level: int) -> None:
    client = join(broker, "s", level, expiry=100)
    broker.adapter.slow = True
    client.send(encode.subscribe(level, 1, [("a", 1)]))
    assert client.packets() == []
    broker.adapter.release()
    client.packet(Suback)
    client.send(encode.unsubscribe(level, 2, ["a"]))
    assert client.packets() == []
    broker.adapter.release()
    client.packet(Unsuback)


def test_retained_messages_wait_for_the_commit(broker: MemoryBroker) -> None:
    client = join(broker)
    broker.adapter.slow = True
    for payload in (b"x", b""):
        client.send_publish("a", payload, 1, packet_id=1, retain=True)
        assert client.packets() == []
        broker.adapter.release()
        client.packet(Puback)
