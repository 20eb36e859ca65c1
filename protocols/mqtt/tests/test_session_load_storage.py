"""What is in storage over restarts, and that it goes when nobody needs it any more."""

import pytest

from memory_broker import MemoryBroker
from memory_client import MemoryClient, join
from robustmq_mqtt.codec.publish import new_publish
from robustmq_mqtt.stored_form import message_key
from robustmq_mqtt.stored_message import encode_message
from wire import Pubcomp, Pubrel, Will, code, prop

pytest_plugins = ("memory_fixtures",)

DAY = 86_400
CRASH = pytest.mark.parametrize("crash", [False, True], ids=["stopped", "crashed"])


class TestStorage:
    """What is in storage, and that it goes when nobody needs it any more."""

    def test_a_body_is_stored_once(self, broker: MemoryBroker) -> None:
        for i in range(5):
            client = join(broker, f"s{i}", expiry=DAY)
            client.subscribe(("a", 1))
            client.disconnect()
        publish(broker, "a", b"body" * 100, b"another")
        assert len(broker.stored()["mqtt/messages"]) == 2
        broker.restart(crash=True)
        for i in range(4):
            assert len(again(broker, client_id=f"s{i}").take()) == 2
            assert len(broker.stored()["mqtt/messages"]) == 2
        assert len(again(broker, client_id="s4").take()) == 2
        assert "mqtt/messages" not in broker.stored()

    @CRASH
    def test_nothing_is_left_of_sessions_that_end(self, broker: MemoryBroker, crash: bool) -> None:
        for name, expiry in (("short", 50), ("long", 100)):
            will = Will("w", properties=[(prop.WILL_DELAY_INTERVAL, 20)])
            client = join(broker, name, expiry=expiry, will=will)
            client.subscribe(("a", 2), ("w", 1), ("$share/g/a", 1))
            publish(broker, "a", b"1", b"2", qos=2)
            client.send_publish("x", b"", 2, packet_id=9)
            client.drop()
            publish(broker, "a", b"3")
        broker.restart(crash=crash)
        assert set(broker.stored()) == {"mqtt/messages", "mqtt/session/short", "mqtt/session/long"}
        broker.advance(51)
        assert set(broker.stored()) == {"mqtt/messages", "mqtt/session/long"}
        broker.advance(51)
        assert broker.leftovers() == []

    @CRASH
    def test_a_session_becomes_a_clean_one(self, broker: MemoryBroker, crash: bool) -> None:
        client = join(broker, "s", expiry=DAY)
        client.subscribe(("a", 2))
        publish(broker, "a", b"1", b"2", qos=2)
        first, second = client.publishes()
        client.send_publish("x", b"", 2, packet_id=9)
        client.packets()
        client.drop()
        client = MemoryClient(broker)
        assert client.connect("s", clean=False).session_present
        # It works to its end, but nothing of it may come back after a restart.
        assert len(client.packets()) == 2
        client.ack(code.PUBREC, first.packet_id)
        assert client.packet(Pubrel).packet_id == first.packet_id
        client.ack(code.PUBREL, 9)
        assert client.packet(Pubcomp).reason == 0
        client.ack(code.PUBREC, second.packet_id)
        client.ack(code.PUBCOMP, first.packet_id)
        client.packets()
        broker.restart(crash=crash)
        assert broker.leftovers() == []

    @CRASH
    def test_a_disconnect_makes_the_session_end(self, broker: MemoryBroker, crash: bool) -> None:
        client = join(broker, "s", expiry=DAY)
        client.subscribe(("a", 2))
        publish(broker, "a", b"1", qos=2)
        client.disconnect(0, [(prop.SESSION_EXPIRY_INTERVAL, 0)])
        assert broker.leftovers() == []
        broker.restart(crash=crash)
        assert broker.leftovers() == []

    @CRASH
    def test_a_disconnect_changes_the_time(self, broker: MemoryBroker, crash: bool) -> None:
        join(broker, "s", expiry=DAY).disconnect(0, [(prop.SESSION_EXPIRY_INTERVAL, 10)])
        broker.restart(crash=crash, away=11)
        assert broker.leftovers() == []

    def test_bodies_that_nobody_waits_for_are_removed_at_the_start(
        self, broker: MemoryBroker
    ) -> None:
        from memory_loop import run_to_end
        from robustmq_common.spi.storage import Put, WriteBatch

        body = encode_message(new_publish("a", b"x", 1))
        for number in (3, 4):
            stored = Put("mqtt/messages", message_key(number), body)
            run_to_end(broker.adapter.commit(WriteBatch([stored])))
        broker.restart()
        assert "mqtt/messages" not in broker.stored()

    def test_what_has_no_session_is_removed_at_the_start(self, broker: MemoryBroker) -> None:
        from memory_loop import run_to_end
        from robustmq_common.spi.storage import Put, WriteBatch

        operations = [Put("mqtt/session/zombie", b"i\x00\x01", b"")]
        operations = [
            Put(
                "mqtt/session/zombie",
                b"sa/b",
                b'{"qos": 1, "no_local": false, '
                b'"retain_as_published": false, "retain_handling": 0, "identifier": 0}',
            )
        ]
        run_to_end(broker.adapter.commit(WriteBatch(list(operations))))
        broker.restart()
        assert broker.leftovers() == []


def publish(broker: MemoryBroker, topic: str, *payloads: bytes, qos: int = 1) -> None:
    publisher = join(broker, "publisher")
    for payload in payloads:
        publisher.publish(topic, payload, qos)
    publisher.disconnect()


def again(broker: MemoryBroker, level: int = code.V5, client_id: str = "s") -> MemoryClient:
    """The client back after a restart; its session must be there."""
    client = MemoryClient(broker, level)
    properties = [(prop.SESSION_EXPIRY_INTERVAL, DAY)] if level == code.V5 else []
    connack = client.connect(client_id, clean=False, properties=properties)
    assert connack.session_present
    return client
