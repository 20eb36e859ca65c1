"""paho-mqtt on a real broker."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker_process import BrokerProcess
from real_clients.kit import V5, V311, Message
from real_clients.needed import need_module
from real_clients.scenarios import LAST, MakeKit, Scenarios
from wire import unique_id

need_module("paho")

from paho.mqtt.packettypes import PacketTypes  # noqa: E402
from paho.mqtt.properties import Properties as PahoProperties  # noqa: E402
from paho.mqtt.subscribeoptions import SubscribeOptions  # noqa: E402

from real_clients.paho_kit import PahoKit  # noqa: E402


class TestPaho(Scenarios):
    @pytest.fixture
    def make_kit(self) -> MakeKit:
        return PahoKit


@pytest.fixture
def kit(broker: BrokerProcess) -> Iterator[PahoKit]:
    kit = PahoKit(broker.address)
    yield kit
    kit.close()


def test_takeover_closes_a_3_1_1_connection(kit: PahoKit, topic: str) -> None:
    name = unique_id()
    first = kit.client(V311, client_id=name)
    second = kit.subscriber(V311, topic, client_id=name)
    assert first.ended() is None
    kit.publish(V311, topic, LAST, qos=1)
    assert second.messages(1) == [Message(topic, LAST, 1, False)]


def test_a_client_without_id_is_assigned_one(kit: PahoKit, topic: str) -> None:
    client = kit.client(V5, client_id="")
    assert client.connack is not None
    properties = client.connack[2]
    assert properties is not None
    assert properties.json()["AssignedClientIdentifier"]
    client.subscribe(topic)
    client.publish(topic, b"x", qos=1)
    assert client.messages(1) == [Message(topic, b"x", 1, False)]


def test_no_local(kit: PahoKit, topic: str) -> None:
    client = kit.client(V5)
    client.subscribe(topic, options=SubscribeOptions(qos=1, noLocal=True))
    client.publish(topic, b"own", qos=1)
    kit.publish(V5, topic, b"other", qos=1)
    assert client.messages(1) == [Message(topic, b"other", 1, False)]


def test_retain_as_published_and_retain_handling(kit: PahoKit, topic: str) -> None:
    kit.publish(V5, topic, b"old", qos=1, retain=True)
    client = kit.client(V5)
    never = SubscribeOptions(qos=1, retainAsPublished=True, retainHandling=2)
    client.subscribe(topic, options=never)
    kit.publish(V5, topic, b"new", qos=1, retain=True)
    assert client.messages(1) == [Message(topic, b"new", 1, True)]
    if_new = SubscribeOptions(qos=1, retainHandling=1)
    client.subscribe(topic, options=if_new)
    kit.publish(V5, topic, LAST, qos=1)
    assert client.messages(2)[1:] == [Message(topic, LAST, 1, False)]
    other = kit.client(V5)
    other.subscribe(topic, options=if_new)
    assert other.messages(1) == [Message(topic, b"new", 1, True)]


def test_subscription_identifiers_of_overlapping_subscriptions(kit: PahoKit, topic: str) -> None:
    client = kit.client(V5)
    for identifier, name in ((1, f"{topic}/#"), (268_435_455, f"{topic}/a")):
        properties = PahoProperties(PacketTypes.SUBSCRIBE)
        properties.SubscriptionIdentifier = identifier
        client.subscribe(name, qos=1, properties=properties)
    kit.publish(V5, f"{topic}/a", b"x", qos=1)
    kit.publish(V5, f"{topic}/b", LAST, qos=1)
    client.messages(2)
    seen: dict[str, list[int]] = {}
    for message in client.raw:
        assert message.properties is not None
        seen.setdefault(message.topic, []).extend(
            message.properties.json()["SubscriptionIdentifier"]
        )
    assert {name: sorted(given) for name, given in seen.items()} == {
        f"{topic}/a": [1, 268_435_455],
        f"{topic}/b": [1],
    }


def test_topic_aliases_of_a_publisher(kit: PahoKit, topic: str) -> None:
    subscriber = kit.subscriber(V5, f"{topic}/+")
    publisher = kit.client(V5)
    for number in range(3):
        for name in ("a", "b"):
            alias = PahoProperties(PacketTypes.PUBLISH)
            alias.TopicAlias = 1 if name == "a" else 2
            shown = "" if number else f"{topic}/{name}"
            publisher.publish(shown, b"%d" % number, qos=1, properties=alias)
    got = [(message.topic, message.payload) for message in subscriber.messages(6)]
    assert got == [(f"{topic}/{name}", b"%d" % at) for at in range(3) for name in ("a", "b")]


def test_an_acknowledgement_says_that_nobody_subscribed(kit: PahoKit, topic: str) -> None:
    client = kit.client(V5)
    (sent,) = client.publish(topic, b"x", qos=1)
    assert client.published[sent.mid].value == 0x10
    kit.subscriber(V5, topic)
    (sent,) = client.publish(topic, b"x", qos=1)
    assert client.published[sent.mid].value == 0


def test_receive_maximum_bounds_what_is_in_flight(kit: PahoKit, topic: str) -> None:
    properties = PahoProperties(PacketTypes.CONNECT)
    properties.ReceiveMaximum = 3
    client = kit.client(V5, properties=properties)
    client.client.manual_ack_set(True)
    client.subscribe(topic)
    kit.publish(V5, topic, *[b"%d" % number for number in range(10)], qos=1)
    # QoS 0 does not count, so this one overtakes those that wait [MQTT-3.3.4-9].
    kit.publish(V5, topic, LAST)
    got = client.messages(4)
    assert [message.payload for message in got] == [b"0", b"1", b"2", LAST]
    for at in range(10):
        message = next(one for one in client.raw if one.payload == b"%d" % at)
        client.client.ack(message.mid, message.qos)
        if at < 7:
            client.messages(5 + at)
    expected = [b"0", b"1", b"2", LAST, *[b"%d" % number for number in range(3, 10)]]
    assert [message.payload for message in client.messages(11)] == expected


def test_a_client_reconnects_to_a_restarted_broker(tmp_path: Path, topic: str) -> None:
    with BrokerProcess(tmp_path / "first") as broker:
        host, port = broker.address
        kit = PahoKit((host, port))
        client = kit.client(V311, reconnect=True)
        client.client.reconnect_delay_set(1, 1)
    settings = {"listeners.tcp.bind": f"{host}:{port}"}
    with BrokerProcess(tmp_path / "second", settings):
        client.wait_for(lambda: client.connections == 2, "the second connection")
        client.subscribe(topic)
        client.publish(topic, LAST, qos=2)
        assert client.messages(1) == [Message(topic, LAST, 2, False)]
        kit.close()
