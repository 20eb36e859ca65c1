"""After a restart all is back: sessions, queues, what is in flight, wills, retained messages.

Every test runs after a clean stop and after a crash, in which what is not committed is lost.
"""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from memory_restart import CRASH, DAY, LEVELS, again, publish
from wire import Connack, Publish, Will, code, encode, prop

pytest_plugins = ("memory_fixtures",)


@CRASH
@LEVELS
@pytest.mark.parametrize("connected", [False, True])
def test_queued_messages(broker: MemoryBroker, crash: bool, level: int, connected: bool) -> None:
    client = join(broker, "s", level, expiry=DAY)
    client.subscribe(("a/+", 2))
    if not connected:
        client.disconnect()
    else:
        client.raw.stall()
        next(iter(broker.context.connections)).pause_writing()
    publish(broker, "a/b", b"1", b"2", b"3")
    publish(broker, "a/c", b"4", qos=2)
    broker.restart(crash=crash, away=60)
    client = again(broker, level)
    # Connected when the broker was killed, it may have got them.
    dup = crash and connected
    assert [(one.payload, one.qos, one.dup) for one in client.take()] == [
        *((b"1", 1, dup), (b"2", 1, dup), (b"3", 1, dup)),
        (b"4", 2, dup),
    ]
    client.disconnect()
    broker.restart(crash=crash)
    assert again(broker, level).take() == []


@CRASH
def test_subscriptions_with_their_options(broker: MemoryBroker, crash: bool) -> None:
    client = join(broker, "s", expiry=DAY)
    client.subscribe(("plain", 0), ("granted/1", 1))
    client.subscribe(("own", 2 | 0x04), properties=[(prop.SUBSCRIPTION_IDENTIFIER, 300)])
    client.subscribe(("retained", 1 | 0x08))
    client.subscribe(("$share/g/shared/#", 1))
    client.subscribe("gone")
    client.unsubscribe("gone")
    broker.restart(crash=crash)
    client = again(broker)
    client.publish("own", b"mine", 1)
    assert client.take() == []
    publisher = join(broker, "publisher")
    for topic in ("plain", "granted/1", "own", "retained", "shared", "shared/x", "gone"):
        publisher.publish(topic, topic.encode(), 2, retain=topic == "retained")
    got = {one.topic: one for one in client.take()}
    assert {topic: one.qos for topic, one in got.items()} == {
        "plain": 0,
        "granted/1": 1,
        "own": 2,
        "retained": 1,
        "shared": 1,
        "shared/x": 1,
    }
    assert got["own"].properties.all(prop.SUBSCRIPTION_IDENTIFIER) == [300]
    assert got["retained"].retain
    assert not got["plain"].retain
    assert client.unsubscribe("plain", "$share/g/shared/#", "gone") == [0, 0, 0x11]
    # Retain Handling 1: it is no new subscription.
    client.subscribe(("retained", 1 | 0x10))
    assert client.take() == []


@CRASH
def test_properties_of_a_waiting_message(broker: MemoryBroker, crash: bool) -> None:
    client = join(broker, "s", expiry=DAY)
    client.subscribe(("a", 1), properties=[(prop.SUBSCRIPTION_IDENTIFIER, 7)])
    client.disconnect()
    properties: list[prop.Pair] = [
        (prop.PAYLOAD_FORMAT_INDICATOR, 1),
        (prop.CONTENT_TYPE, "text/plain"),
        (prop.RESPONSE_TOPIC, "answers"),
        (prop.CORRELATION_DATA, b"\x00\xff"),
        (prop.USER_PROPERTY, ("k", "v")),
        (prop.USER_PROPERTY, ("k", "w")),
        (prop.USER_PROPERTY, ("a", "")),
    ]
    publisher = join(broker, "publisher")
    publisher.publish(
        "a",
        "é".encode(),
        1,
        properties=[*properties, (prop.MESSAGE_EXPIRY_INTERVAL, 100), (prop.TOPIC_ALIAS, 3)],
    )
    broker.restart(crash=crash, away=30)
    (message,) = again(broker).take()
    assert message.payload == "é".encode()
    assert sorted(message.properties, key=lambda pair: pair[0]) == sorted(
        [*properties, (prop.MESSAGE_EXPIRY_INTERVAL, 70), (prop.SUBSCRIPTION_IDENTIFIER, 7)],
        key=lambda pair: pair[0],
    )


@CRASH
def test_a_message_expires_while_the_broker_is_away(broker: MemoryBroker, crash: bool) -> None:
    client = join(broker, "s", expiry=DAY)
    client.subscribe(("a", 1))
    client.disconnect()
    publisher = join(broker, "publisher")
    for name, interval in ((b"short", 50), (b"long", 5_000)):
        publisher.publish("a", name, 1, properties=[(prop.MESSAGE_EXPIRY_INTERVAL, interval)])
    broker.restart(crash=crash, away=51)
    assert [one.payload for one in again(broker).take()] == [b"long"]


@CRASH
def test_retained_messages(broker: MemoryBroker, crash: bool) -> None:
    publisher = join(broker, "publisher", level=code.V5)
    publisher.publish("kept", b"1", 1, retain=True, properties=[(prop.USER_PROPERTY, ("k", "v"))])
    publisher.publish("replaced", b"1", 0, retain=True)
    publisher.publish("replaced", b"2", 2, retain=True)
    publisher.publish("removed", b"1", 1, retain=True)
    publisher.publish("removed", b"", 1, retain=True)
    publisher.publish(
        "expires", b"1", 1, retain=True, properties=[(prop.MESSAGE_EXPIRY_INTERVAL, 90)]
    )
    publisher.publish(
        "lives", b"1", 1, retain=True, properties=[(prop.MESSAGE_EXPIRY_INTERVAL, 110)]
    )
    broker.restart(crash=crash, away=100)
    reader = join(broker, "reader")
    reader.subscribe(("#", 2))
    got = {one.topic: one for one in reader.take()}
    assert {topic: (one.payload, one.qos, one.retain) for topic, one in got.items()} == {
        "kept": (b"1", 1, True),
        "replaced": (b"2", 2, True),
        "lives": (b"1", 1, True),
    }
    assert list(got["kept"].properties) == [(prop.USER_PROPERTY, ("k", "v"))]
    assert list(got["lives"].properties) == [(prop.MESSAGE_EXPIRY_INTERVAL, 10)]
    broker.advance(11)
    assert broker.context.retained.get("lives") is None
    assert set(broker.stored()["mqtt/retained"]) == {b"kept", b"replaced"}


@CRASH
@pytest.mark.parametrize(("away", "present"), [(299, True), (301, False)])
def test_a_session_expires_while_the_broker_is_away(
    broker: MemoryBroker, crash: bool, away: int, present: bool
) -> None:
    client = join(broker, "s", expiry=400)
    client.subscribe(("a", 1))
    client.disconnect()
    broker.advance(100)
    broker.restart(crash=crash, away=away)
    assert ("s" in broker.context.sessions) is present
    if present:
        # What was left of its time goes on running.
        broker.advance(2)
    assert broker.leftovers() == []


@CRASH
def test_a_session_that_was_resumed_starts_its_time_anew(broker: MemoryBroker, crash: bool) -> None:
    join(broker, "s", expiry=100).disconnect()
    broker.advance(50)
    join(broker, "s", expiry=100)
    broker.advance(500)
    # It was connected until now.
    broker.restart(crash=crash, away=60)
    assert "s" in broker.context.sessions
    broker.advance(101)
    assert broker.leftovers() == []


@CRASH
def test_a_session_without_end_has_none(broker: MemoryBroker, crash: bool) -> None:
    join(broker, "s", expiry=0xFFFFFFFF).disconnect()
    broker.restart(crash=crash, away=5_000_000_000)
    again(broker)


@CRASH
def test_a_clean_session_is_not_kept(broker: MemoryBroker, crash: bool) -> None:
    for level in (code.V311, code.V5):
        client = join(broker, f"s{level}", level)
        client.subscribe(("a", 1))
        client.send_publish("a", b"x", 2, packet_id=3)
        publish(broker, "a", b"1", b"2")
        client.packets()
    broker.restart(crash=crash)
    assert broker.leftovers() == []


@CRASH
def test_a_clean_start_leaves_nothing_of_the_session_before(
    broker: MemoryBroker, crash: bool
) -> None:
    client = join(broker, "s", expiry=DAY)
    client.subscribe(("a", 1))
    publish(broker, "a", b"1", b"2")
    client.drop()
    publish(broker, "a", b"3")
    client = join(broker, "s", properties=[(prop.SESSION_EXPIRY_INTERVAL, DAY)], clean=True)
    client.subscribe(("b", 1))
    broker.restart(crash=crash)
    client = again(broker)
    publish(broker, "a", b"4")
    publish(broker, "b", b"5")
    assert [one.payload for one in client.take()] == [b"5"]
    assert set(broker.stored()) == {"mqtt/session/s"}


@CRASH
def test_a_user_is_known_again(make_broker: MakeBroker, crash: bool) -> None:
    asked: list[tuple[str | None, str]] = []

    class Noting:
        name = "noting"

        def authorize(self, client: object, action: str, topic: str, qos: int, retain: bool) -> int:
            asked.append((getattr(client, "username", None), topic))
            return 1

    broker = make_broker(authorizers=[Noting()])
    will = Will("will", properties=[(prop.WILL_DELAY_INTERVAL, 50)])
    join(broker, "s", expiry=DAY, username="alice", will=will).drop()
    broker.restart(crash=crash)
    broker.advance(51)
    assert asked == [("alice", "will")]


@CRASH
def test_a_shared_subscription_goes_on(broker: MemoryBroker, crash: bool) -> None:
    for name in ("s1", "s2"):
        client = join(broker, name, expiry=DAY)
        client.subscribe(("$share/g/a", 1))
        client.disconnect()
    publish(broker, "a", b"1", b"2", b"3", b"4")
    broker.restart(crash=crash)
    got = [[one.payload for one in again(broker, client_id=name).take()] for name in ("s1", "s2")]
    assert sorted(got) == [[b"1", b"3"], [b"2", b"4"]]


@CRASH
def test_what_an_ended_session_owed_to_its_group_goes_to_the_others(
    broker: MemoryBroker, crash: bool
) -> None:
    client = join(broker, "s1", expiry=50)
    client.subscribe(("$share/g/a", 1))
    publish(broker, "a", b"1", b"2")
    assert client.payloads() == [b"1", b"2"]
    client.drop()
    publish(broker, "a", b"3")
    broker.restart(crash=crash)
    other = join(broker, "s2", expiry=DAY)
    other.subscribe(("$share/g/a", 1))
    other.disconnect()
    broker.restart(crash=crash, away=51)
    assert [one.payload for one in again(broker, client_id="s2").take()] == [b"1", b"2", b"3"]
    assert set(broker.stored()) == {"mqtt/session/s2"}


@CRASH
def test_many_sessions_and_messages(broker: MemoryBroker, crash: bool) -> None:
    """More than fits one page of what is read at the start."""
    for i in range(1_050):
        client = join(broker, f"s{i}", expiry=DAY)
        client.subscribe((f"a/{i % 7}", 1))
        client.disconnect()
    publish(broker, "a/3", *(str(number).encode() for number in range(20)))
    publisher = join(broker, "publisher")
    for i in range(1_050):
        publisher.publish(f"retained/{i}", b"x", 1, retain=True)
    broker.restart(crash=crash)
    assert len(broker.context.sessions) == 1_050
    assert broker.context.retained.count == 1_050
    assert len(again(broker, client_id="s3").take()) == 20
    assert len(again(broker, client_id="s1046").take()) == 20


def test_an_old_client_s_session_is_there_for_a_new_version(broker: MemoryBroker) -> None:
    client = join(broker, "s", code.V311, expiry=1)
    client.subscribe(("a", 1))
    client.disconnect()
    broker.restart()
    publish(broker, "a", b"1")
    client = MemoryClient(broker, code.V5)
    client.send(encode.connect(code.V5, "s", clean=False))
    connack, message = client.packets()
    assert isinstance(connack, Connack)
    assert connack.session_present
    assert isinstance(message, Publish)
