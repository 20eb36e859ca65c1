"""What connections share: one flush per read, and events for plugins."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import join
from robustmq_common.spi.access import ClientInfo
from robustmq_common.spi.events import EventListener
from robustmq_mqtt.codec.publish import new_publish
from wire import code, encode

pytest_plugins = ("memory_fixtures",)


def test_output_is_written_when_what_was_read_is_handled(broker: MemoryBroker) -> None:
    clients = [join(broker, f"c{i}") for i in range(3)]
    for client in clients:
        client.subscribe("a")
    publisher = join(broker, "p")
    publisher.publish("a", b"0")
    broker.run_until_idle()
    before = [client.raw.transport.writes for client in clients]
    publisher.send(encode.publish(code.V5, "a", b"1") + encode.publish(code.V5, "a", b"2"))
    assert broker.context.dirty == []
    assert [client.raw.transport.writes - 1 for client in clients] == before
    assert clients[0].payloads() == [b"0", b"1", b"2"]


def test_what_comes_from_several_sources_is_one_write(broker: MemoryBroker) -> None:
    client = join(broker)
    client.subscribe("a")
    publishers = [join(broker, f"p{i}") for i in range(5)]
    for _ in range(2):
        before = client.raw.transport.writes
        for number, publisher in enumerate(publishers):
            publisher.send(encode.publish(code.V5, "a", bytes([number])))
        assert client.raw.transport.writes == before
        broker.run_until_idle()
        assert client.raw.transport.writes == before + 1
    assert client.payloads() == 2 * [b"\0", b"\1", b"\2", b"\3", b"\4"]


def test_other_output_is_written_at_the_end_of_the_turn(broker: MemoryBroker) -> None:
    client = join(broker)
    client.subscribe("a")
    before = client.raw.transport.writes
    for payload in (b"1", b"2"):
        message = new_publish("a", payload)
        broker.services.router.route("a").deliver(message)
    assert len(broker.context.dirty) == 1
    assert client.raw.transport.writes == before
    broker.run_until_idle()
    assert client.raw.transport.writes == before + 1
    assert client.payloads() == [b"1", b"2"]


def test_what_pumping_adds_is_for_the_next_turn(make_broker: MakeBroker) -> None:
    broker = make_broker(outgoing_buffer=4_096)
    client = join(broker)
    client.subscribe(("a", 1))
    publisher = join(broker, "p")
    publisher.send(*(encode.publish(code.V5, "a", bytes(3_000)) for _ in range(5)))
    assert len(client.payloads()) == 5
    assert broker.context.dirty == []


@pytest.mark.parametrize("events", [0, 1, 3])
def test_listeners_are_told_in_order(make_broker: MakeBroker, events: int) -> None:
    told: list[int] = []

    class Listener(EventListener):
        name = "listener"

        def __init__(self, number: int) -> None:
            self.number = number

        def client_connected(self, client: ClientInfo) -> None:
            told.append(self.number)

    broker = make_broker(listeners=[Listener(number) for number in range(events)])
    join(broker)
    assert told == list(range(events))
