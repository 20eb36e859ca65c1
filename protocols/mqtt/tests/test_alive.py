"""A broker that was killed knows when, within two seconds."""

import pytest

from memory_broker import MemoryBroker
from memory_client import join
from memory_loop import run_to_end
from robustmq_common.spi.storage import StorageAdapter
from robustmq_mqtt.alive import connections_ended_at

pytest_plugins = ("memory_fixtures",)


def mark(broker: MemoryBroker) -> float:
    adapter: StorageAdapter = broker.adapter
    ended_at: float = run_to_end(connections_ended_at(adapter, 1e12))
    return ended_at


def test_time_goes_on_while_a_durable_session_is_connected(broker: MemoryBroker) -> None:
    join(broker, "clean")
    broker.advance(5)
    assert mark(broker) == 1e12
    client = join(broker, "durable", expiry=100)
    for seconds in (0, 3, 10):
        broker.advance(seconds)
        assert broker.clock.wall <= mark(broker) <= broker.clock.wall + 2.5
    client.disconnect()
    last = mark(broker)
    before = broker.metric("storage.operations")
    broker.advance(60)
    assert mark(broker) == last
    assert broker.metric("storage.operations") == before


@pytest.mark.parametrize(("away", "there"), [(9, True), (13, False)])
def test_expiry_counts_the_time_the_broker_was_down(
    broker: MemoryBroker, away: float, there: bool
) -> None:
    join(broker, "durable", expiry=10)
    broker.advance(30)
    broker.restart(crash=True, away=away)
    assert ("durable" in broker.context.sessions) == there


def test_a_broker_that_never_noted_it_takes_the_present(broker: MemoryBroker) -> None:
    assert run_to_end(connections_ended_at(broker.adapter, 17.0)) == 17.0
