"""After a restart QoS 1 and 2 exchanges go on where they stood, in both directions."""

import pytest

from memory_broker import MemoryBroker
from memory_client import join
from memory_restart import CRASH, DAY, LEVELS, again, publish
from wire import Puback, Pubcomp, Publish, Pubrec, Pubrel, code

pytest_plugins = ("memory_fixtures",)


@CRASH
@LEVELS
@pytest.mark.parametrize("qos", [1, 2])
def test_unacknowledged_messages_come_again_with_their_identifier(
    broker: MemoryBroker, crash: bool, level: int, qos: int
) -> None:
    client = join(broker, "s", level, expiry=DAY)
    client.subscribe(("a", qos))
    publish(broker, "a", b"1", b"2", b"3", qos=qos)
    first = client.publishes()
    broker.restart(crash=crash)
    client = again(broker, level)
    second = client.publishes()
    assert [one.payload for one in second] == [b"1", b"2", b"3"]
    assert [one.packet_id for one in second] == [one.packet_id for one in first]
    assert [one.dup for one in second] == [True] * 3
    assert {one.qos for one in second} == {qos}


@CRASH
def test_acknowledged_ones_do_not(broker: MemoryBroker, crash: bool) -> None:
    client = join(broker, "s", expiry=DAY)
    client.subscribe(("a", 2))
    publish(broker, "a", b"1", b"2", b"3", b"4")
    one, two, three, four = client.publishes()
    client.ack(code.PUBACK, one.packet_id)
    client.ack(code.PUBACK, three.packet_id)
    broker.restart(crash=crash)
    left = again(broker).publishes()
    assert [(one.payload, one.packet_id) for one in left] == [
        (b"2", two.packet_id),
        (b"4", four.packet_id),
    ]


@CRASH
def test_new_messages_do_not_take_an_identifier_in_use(broker: MemoryBroker, crash: bool) -> None:
    client = join(broker, "s", expiry=DAY)
    client.subscribe(("a", 1))
    publish(broker, "a", b"1", b"2")
    (one, two) = client.publishes()
    client.ack(code.PUBACK, two.packet_id)
    broker.restart(crash=crash)
    client = again(broker)
    publish(broker, "a", b"3", b"4")
    identifiers = [message.packet_id for message in client.publishes()]
    assert identifiers[0] == one.packet_id
    assert len(set(identifiers)) == 3


@CRASH
@LEVELS
def test_qos2_to_the_client_goes_on_where_it_stood(
    broker: MemoryBroker, crash: bool, level: int
) -> None:
    client = join(broker, "s", level, expiry=DAY)
    client.subscribe(("a", 2))
    publish(broker, "a", b"sent", b"released", b"done", qos=2)
    sent, released, done = client.publishes()
    client.ack(code.PUBREC, released.packet_id)
    client.packet(Pubrel)
    client.ack(code.PUBREC, done.packet_id)
    client.packet(Pubrel)
    client.ack(code.PUBCOMP, done.packet_id)
    broker.restart(crash=crash)
    client = again(broker, level)
    first, second = client.packets()
    assert isinstance(first, Publish)
    assert (first.payload, first.packet_id, first.dup) == (b"sent", sent.packet_id, True)
    # The client has this one: only its release is repeated.
    assert isinstance(second, Pubrel)
    assert second.packet_id == released.packet_id
    client.ack(code.PUBCOMP, second.packet_id)
    client.ack(code.PUBREC, first.packet_id)
    assert client.packet(Pubrel).packet_id == first.packet_id
    client.ack(code.PUBCOMP, first.packet_id)
    broker.restart(crash=crash)
    assert again(broker, level).packets() == []


@CRASH
@LEVELS
def test_qos2_from_the_client_arrives_exactly_once(
    broker: MemoryBroker, crash: bool, level: int
) -> None:
    watcher = join(broker, "watcher", expiry=DAY)
    watcher.subscribe(("a", 2))
    client = join(broker, "s", level, expiry=DAY)
    client.send_publish("a", b"once", 2, packet_id=7)
    client.packet(Pubrec)
    broker.restart(crash=crash)
    client = again(broker, level)
    # PUBREC may have been lost: the client repeats the message, and then lets go of it.
    client.send_publish("a", b"once", 2, packet_id=7, dup=True)
    assert client.packet(Pubrec).packet_id == 7
    broker.restart(crash=crash)
    client = again(broker, level)
    client.ack(code.PUBREL, 7)
    assert client.packet(Pubcomp).reason == 0
    broker.restart(crash=crash)
    client = again(broker, level)
    client.ack(code.PUBREL, 7)
    assert client.packet(Pubcomp).reason == (0x92 if level == code.V5 else 0)
    assert [one.payload for one in again(broker, client_id="watcher").take()] == [b"once"]


@CRASH
def test_the_identifier_is_free_for_another_message_afterwards(
    broker: MemoryBroker, crash: bool
) -> None:
    watcher = join(broker, "watcher", expiry=DAY)
    watcher.subscribe(("a", 2))
    client = join(broker, "s", expiry=DAY)
    client.send_publish("a", b"one", 2, packet_id=7)
    client.ack(code.PUBREL, 7)
    client.packets()
    broker.restart(crash=crash)
    client = again(broker)
    client.send_publish("a", b"two", 2, packet_id=7)
    client.ack(code.PUBREL, 7)
    client.packets()
    assert [one.payload for one in again(broker, client_id="watcher").take()] == [b"one", b"two"]


@pytest.mark.parametrize("qos", [1, 2])
def test_what_is_not_acknowledged_may_be_lost_and_nothing_else(
    broker: MemoryBroker, qos: int
) -> None:
    """A crash between the message and its commit: no acknowledgement was sent."""
    watcher = join(broker, "watcher", expiry=DAY)
    watcher.subscribe(("a", 2))
    watcher.disconnect()
    client = join(broker, "s", expiry=DAY)
    broker.adapter.slow = True
    client.send_publish("a", b"x", qos, packet_id=5)
    assert client.packets() == []
    broker.crash()
    broker.adapter.slow = False
    broker.adapter.waiting.clear()
    broker.start()
    client = again(broker)
    client.send_publish("a", b"x", qos, packet_id=5, dup=True)
    (answer,) = client.packets()
    assert isinstance(answer, Puback if qos == 1 else Pubrec)
    if qos == 2:
        client.ack(code.PUBREL, 5)
        client.packet(Pubcomp)
    assert [one.payload for one in again(broker, client_id="watcher").take()] == [b"x"]
