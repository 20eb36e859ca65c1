"""How sessions outlive their connections, and end."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from robustmq_common.spi.access import ClientInfo
from robustmq_common.spi.events import EventListener
from robustmq_mqtt.session_end import SessionExpiry, end_session
from wire import code, encode

pytest_plugins = ("memory_fixtures",)


@pytest.mark.parametrize("level", [code.V311, code.V5])
@pytest.mark.parametrize("how", ["disconnect", "drop"])
def test_a_clean_one_ends_with_its_connection(broker: MemoryBroker, level: int, how: str) -> None:
    client = join(broker, "c", level)
    client.subscribe(("a", 1), ("$share/g/a", 2))
    getattr(client, how)()
    assert broker.leftovers() == []
    assert broker.metric("sessions.count") == 0


def test_a_lasting_one_ends_in_its_time(broker: MemoryBroker) -> None:
    client = join(broker, expiry=100)
    client.subscribe(("a", 1))
    broker.advance(1_000)
    client.drop()
    broker.advance(99)
    assert broker.metric("sessions.count") == 1
    broker.advance(2)
    assert broker.metric("session.expired") == 1
    assert broker.leftovers() == []


def test_its_time_starts_anew_with_each_connection(broker: MemoryBroker) -> None:
    for _ in range(5):
        join(broker, expiry=100).drop()
        broker.advance(90)
    assert broker.metric("sessions.count") == 1
    broker.advance(11)
    assert broker.leftovers() == []


def test_one_without_end(broker: MemoryBroker) -> None:
    join(broker, expiry=0xFFFFFFFF).drop()
    broker.advance(10_000_000_000)
    assert broker.metric("sessions.count") == 1
    assert broker.timers.pending() == 0


def test_a_timer_that_comes_too_late_ends_nothing(broker: MemoryBroker) -> None:
    join(broker, expiry=100).drop()
    session = broker.context.sessions["c"]
    client = join(broker, expiry=100)
    SessionExpiry(session).due()
    assert not client.closed
    client.disconnect()
    end_session(session)
    end_session(session)
    broker.run_until_idle()
    assert broker.leftovers() == []


def test_what_it_had_waiting_is_counted(make_broker: MakeBroker) -> None:
    broker = make_broker(max_inflight=2)
    client = join(broker)
    client.subscribe(("a", 1))
    publisher = join(broker, "p")
    for _ in range(5):
        publisher.publish("a", b"x", 1)
    client.drop()
    assert broker.metric("delivery.dropped.session_discarded") == 5


class Listener(EventListener):
    name = "listener"

    def __init__(self, fails: bool = False) -> None:
        self.events: list[tuple[str, ...]] = []
        self.fails = fails

    def note(self, *facts: str) -> None:
        self.events.append(facts)
        if self.fails:
            raise RuntimeError("boom")

    def client_connected(self, client: ClientInfo) -> None:
        self.note("connected", client.client_id)

    def client_disconnected(self, client: ClientInfo, reason: str) -> None:
        self.note("disconnected", client.client_id, reason)


def test_events(make_broker: MakeBroker) -> None:
    listener = Listener()
    broker = make_broker(listeners=[listener])
    join(broker, "1").disconnect()
    join(broker, "2").drop()
    join(broker, "3")
    join(broker, "3").send(b"\x00\x00")
    refused = MemoryClient(broker, code.V311)
    refused.send(encode.connect(code.V311, "", clean=False))
    assert listener.events == [
        ("connected", "1"),
        ("disconnected", "1", "the client disconnected"),
        ("connected", "2"),
        ("disconnected", "2", "closed by peer"),
        ("connected", "3"),
        ("disconnected", "3", "another connection uses this client identifier"),
        ("connected", "3"),
        ("disconnected", "3", "packet type 0 is reserved"),
    ]


def test_a_listener_that_fails_is_nobody_else_s_problem(make_broker: MakeBroker) -> None:
    failing, other = Listener(fails=True), Listener()
    broker = make_broker(listeners=[failing, other])
    join(broker, "1").disconnect()
    assert len(failing.events) == len(other.events) == 2
    assert broker.log.events("error") == ["event listener failed"] * 2
    broker.log.entries.clear()
    assert broker.leftovers() == []
