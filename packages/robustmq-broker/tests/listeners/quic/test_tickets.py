"""A bounded number of tickets, each taken once."""

from dataclasses import dataclass

from robustmq_broker.listeners.quic.tickets import TicketStore


@dataclass
class Ticket:
    ticket: bytes


def test_a_ticket_is_taken_once() -> None:
    store = TicketStore(10)
    ticket = Ticket(b"a")
    store.add(ticket)
    assert store.take(b"b") is None
    assert store.take(b"a") is ticket
    assert store.take(b"a") is None


def test_the_oldest_are_forgotten() -> None:
    store = TicketStore(2)
    for label in (b"a", b"b", b"b", b"c"):
        store.add(Ticket(label))
    assert len(store) == 2
    assert store.take(b"a") is None
    assert store.take(b"c") is not None
