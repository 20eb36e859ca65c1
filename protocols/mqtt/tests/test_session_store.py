"""Writing through: what is in storage is always what the session holds."""

import random
from typing import Any

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from memory_loop import run_to_end
from robustmq_mqtt.delivery import RELEASED, Delivery
from robustmq_mqtt.session import Session
from wire import Publish, Pubrec, Pubrel, code, prop

pytest_plugins = ("memory_fixtures",)


def picture(broker: MemoryBroker, session: Session) -> dict[str, Any]:
    """What a session holds that has to survive, and nothing that need not."""
    log = session.log
    store: Any = broker.context.store
    waiting: list[Delivery] = []
    if log is not None:
        broker.run_until_idle()
        waiting = [one for one in log.order.to_list() if not one.done]
        at = log.next
        while log.next < log.end:
            found, log.next, _ = run_to_end(store.page(log))
            waiting += [one for one in found if one.offset not in (log.skipped or ())]
        log.next = at
    return {
        "subscriptions": {
            one.full_filter: (one.qos, one.no_local, one.retain_as_published, one.identifier)
            for one in session.subscriptions()
        },
        "deliveries": [(one.offset, one.message.payload, one.qos) for one in waiting],
        "released": [one.offset for one in waiting if one.state == RELEASED],
        "incoming": {
            number: message and message.payload for number, message in session.incoming.items()
        },
        "expiry": session.expiry_interval,
    }


def sent(session: Session) -> set[tuple[int, bytes]]:
    """What the client may know, by packet identifier."""
    return {(number, one.message.payload) for number, one in session.inflight.items() if one.qos}


@pytest.mark.parametrize("seed", range(12))
def test_a_crash_at_any_time_loses_nothing(make_broker: MakeBroker, seed: int) -> None:
    """Clients do whatever they like; now and then the broker crashes, and is the same after."""
    chance = random.Random(seed)
    broker = make_broker(max_inflight=3, max_queued_messages=10, queue_overflow="drop_oldest")
    names = ["s0", "s1", "s2"]
    clients: dict[str, MemoryClient] = {}
    unreleased: dict[str, list[int]] = {name: [] for name in names}
    crashes = 0
    for _ in range(150):
        name = chance.choice(names)
        client = clients.get(name)
        if client is None or client.closed:
            if chance.random() < 0.7:
                clients[name] = join(broker, name, expiry=10_000)
            continue
        match chance.randrange(9):
            case 0:
                topic = f"a/{chance.choice(['+', '#', 'x', 'y'])}"
                client.subscribe((topic, chance.randrange(3)))
            case 1:
                client.unsubscribe(f"a/{chance.choice(['+', '#', 'x', 'y'])}")
            case 2 | 3 | 4:
                payload = str(chance.random()).encode()
                client.send_publish(f"a/{chance.choice('xy')}", payload, chance.randrange(2))
            case 5:
                number = chance.randrange(1, 4)
                client.send_publish("a/x", str(number).encode(), 2, packet_id=number)
                unreleased[name].append(number)
            case 6:
                if unreleased[name]:
                    client.ack(code.PUBREL, unreleased[name].pop())
            case 7:
                if chance.random() < 0.3:
                    client.drop()
            case 8:
                answer(client, chance)
        broker.run_until_idle()
        if chance.random() < 0.06:
            for held in clients.values():
                if not held.closed:
                    held.packets()
            sessions = broker.context.sessions
            before = {one: picture(broker, held) for one, held in sessions.items()}
            known = {one: sent(held) for one, held in sessions.items()}
            broker.restart(crash=True)
            sessions = broker.context.sessions
            assert {one: picture(broker, held) for one, held in sessions.items()} == before
            for one in sessions:
                assert known[one] <= sent(sessions[one])
            crashes += 1
            clients = {}
    assert crashes
    for name in names:
        MemoryClient(broker).connect(name, clean=True)
        broker.context.sessions[name].connection.disconnect(0, "")  # type: ignore[union-attr]
    broker.run_until_idle()
    assert broker.leftovers() == []


def answer(client: MemoryClient, chance: random.Random) -> None:
    """Acknowledge some of what has come."""
    for packet in client.packets():
        if chance.random() < 0.3:
            continue
        if isinstance(packet, Publish) and packet.qos == 1:
            client.ack(code.PUBACK, packet.packet_id)
        elif isinstance(packet, Publish) and packet.qos == 2:
            client.ack(code.PUBREC, packet.packet_id)
        elif isinstance(packet, Pubrel):
            client.ack(code.PUBCOMP, packet.packet_id)


def test_a_body_goes_with_its_last_delivery(broker: MemoryBroker) -> None:
    clients = [join(broker, f"s{i}", expiry=100) for i in range(3)]
    for client in clients:
        client.subscribe(("a", 1))
    join(broker, "p").publish("a", b"x", 1)
    assert len(broker.stored()["mqtt/messages"]) == 1
    for left, client in zip((1, 1, 0), clients, strict=True):
        client.take()
        broker.run_until_idle()
        assert len(broker.stored().get("mqtt/messages", {})) == left


def test_a_clean_session_writes_nothing(broker: MemoryBroker) -> None:
    client = join(broker)
    client.subscribe(("a", 2))
    join(broker, "p").publish("a", b"x", 2)
    client.take()
    client.send_publish("b", b"x", 2, packet_id=1)
    client.packet(Pubrec)
    assert broker.metric("storage.operations") == 0


def test_one_commit_per_turn(broker: MemoryBroker) -> None:
    for name in ("s1", "s2"):
        client = join(broker, name, expiry=100)
        client.subscribe(("a", 1))
        client.disconnect()
    publisher = join(broker, "p")
    before = broker.metric("storage.commits")
    for _ in range(10):
        publisher.send_publish("a", b"x", 1)
    publisher.packets()
    assert broker.metric("storage.commits") == before + 1
    # A body and two deliveries for each of ten messages.
    assert broker.services.storage.backlog() == 0


def test_a_message_may_be_retained_and_waited_for(broker: MemoryBroker) -> None:
    client = join(broker, expiry=100)
    client.subscribe(("a", 1))
    properties = [(prop.CONTENT_TYPE, "text")]
    join(broker, "p").publish("a", b"x", 1, retain=True, properties=properties)
    client.take()
    broker.run_until_idle()
    assert set(broker.stored()) == {"mqtt/retained", "mqtt/session/c"}
    # It can be waited for again.
    client.subscribe(("a", 1))
    broker.restart(crash=True)
    messages = join(broker, expiry=100).take()
    assert [(one.payload, one.retain, one.dup) for one in messages] == [(b"x", True, True)]
    broker.run_until_idle()
    assert set(broker.stored()) == {"mqtt/retained", "mqtt/session/c"}
