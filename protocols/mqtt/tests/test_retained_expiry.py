"""Retained messages go when they expire, many at once in many steps."""

import pytest

from memory_broker import MemoryBroker
from memory_client import join
from robustmq_mqtt.codec.publish import Publish, new_publish
from robustmq_mqtt.retain import retain_message
from robustmq_mqtt.retained_expiry import SWEEP_MAX, second_after
from wire import prop

pytest_plugins = ("memory_fixtures",)


def payloads(broker: MemoryBroker) -> list[bytes]:
    """What a new subscriber gets."""
    reader = join(broker, "reader")
    reader.subscribe("#")
    found = reader.payloads()
    reader.disconnect()
    return found


def expiring(broker: MemoryBroker, topic: str, seconds: float) -> Publish:
    message = new_publish(topic, b"x", 0, True)
    message.expires_at = broker.clock.wall + seconds
    return message


@pytest.mark.parametrize("asked", [False, True])
def test_it_expires_whether_somebody_asks_or_not(broker: MemoryBroker, asked: bool) -> None:
    publisher = join(broker, "p")
    publisher.publish("a", b"x", retain=True, properties=[(prop.MESSAGE_EXPIRY_INTERVAL, 50)])
    broker.advance(49)
    assert payloads(broker) == [b"x"]
    broker.advance(2)
    if asked:
        assert payloads(broker) == []
    assert broker.context.retained.count == 0
    assert broker.stored() == {}


def test_a_newer_message_does_not_expire_with_the_older(broker: MemoryBroker) -> None:
    publisher = join(broker, "p")
    publisher.publish("a", b"1", retain=True, properties=[(prop.MESSAGE_EXPIRY_INTERVAL, 50)])
    publisher.publish("a", b"2", retain=True)
    broker.advance(51)
    assert payloads(broker) == [b"2"]


def test_topics_that_change_often_do_not_pile_up_timers(broker: MemoryBroker) -> None:
    publisher = join(broker, "p")
    before = broker.timers.pending()
    for _ in range(200):
        publisher.publish(
            "a", b"x", retain=True, properties=[(prop.MESSAGE_EXPIRY_INTERVAL, 5_000_000)]
        )
    assert broker.timers.pending() - before == 1
    publisher.publish("a", b"x", retain=True)
    assert broker.timers.pending() == before
    publisher.publish("a", b"x", retain=True, properties=[(prop.MESSAGE_EXPIRY_INTERVAL, 50)])
    publisher.publish("a", b"", retain=True)
    assert broker.timers.pending() == before
    assert broker.context.retained_expiry.seconds == {}


def test_many_at_once_leave_in_many_turns(broker: MemoryBroker) -> None:
    """Each removal writes to storage: a million of them in one turn would stop the broker."""
    count = 10 * SWEEP_MAX
    before = broker.timers.pending()
    for number in range(count):
        retain_message(broker.context, expiring(broker, f"a/{number}", 10.0 - number % 2 / 4))
    assert broker.timers.pending() == before + 1
    broker.run_until_idle()
    broker.clock.advance(10)
    (second,) = broker.context.retained_expiry.seconds.values()
    second.timer.cancel()
    second.due()
    turns = 0
    while left := broker.context.retained.count:
        broker.loop.run_turn()
        assert left - broker.context.retained.count <= SWEEP_MAX
        turns += 1
    assert turns == count / SWEEP_MAX
    broker.run_until_idle()
    assert broker.stored() == {}
    assert broker.context.retained_expiry.overdue == []


def test_what_is_replaced_or_removed_while_overdue(broker: MemoryBroker) -> None:
    count = 3 * SWEEP_MAX
    for number in range(count):
        retain_message(broker.context, expiring(broker, f"a/{number}", 10))
    broker.run_until_idle()
    broker.clock.advance(10)
    (second,) = broker.context.retained_expiry.seconds.values()
    second.timer.cancel()
    second.due()
    for number in range(0, count, 2):
        retain_message(broker.context, new_publish(f"a/{number}", b"new", 0, True))
    for number in range(1, count, 4):
        retain_message(broker.context, new_publish(f"a/{number}", b"", 0, True))
    broker.run_until_idle()
    assert payloads(broker) == [b"new"] * (count // 2)
    assert len(broker.stored()["mqtt/retained"]) == count // 2


@pytest.mark.parametrize(("moment", "second"), [(5.0, 5), (5.001, 6), (5.999, 6)])
def test_no_message_goes_too_early(moment: float, second: int) -> None:
    assert second_after(moment) == second


def test_after_a_restart(broker: MemoryBroker) -> None:
    for number in range(3):
        retain_message(broker.context, expiring(broker, f"a/{number}", 10.0 + number * 100))
    broker.restart(away=50)
    broker.advance(0.1)
    assert broker.context.retained.count == 2
    broker.advance(70)
    assert broker.context.retained.count == 1
    assert len(payloads(broker)) == 1
