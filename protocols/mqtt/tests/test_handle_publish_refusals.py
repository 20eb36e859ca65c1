"""What may not be published, and what that costs."""

from typing import Any

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from robustmq_common.spi.access import ALLOW, DENY, ClientInfo
from wire import Puback, Pubrec, code, prop

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


class Denying:
    """Denies topics that begin with "no"."""

    name = "denying"

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        self.asked.append((client.client_id, action, topic, qos, retain))
        return DENY if topic.startswith("no") else ALLOW


class TestRefusals:
    @LEVELS
    @pytest.mark.parametrize("qos", [0, 1, 2])
    def test_not_authorized(self, make_broker: MakeBroker, level: int, qos: int) -> None:
        authorizer = Denying()
        broker = make_broker(authorizers=[authorizer])
        subscriber = join(broker, "s")
        subscriber.subscribe("#")
        client = join(broker, "c", level)
        refusal = client.publish("no/a", b"x", qos, retain=True)
        assert refusal == (code.NOT_AUTHORIZED if level == code.V5 and qos else 0)
        assert client.publish("a", b"y", qos) == 0
        assert subscriber.payloads() == [b"y"]
        assert broker.context.retained.count == 0
        assert broker.metric("messages.dropped.not_authorized") == 1
        assert ("c", "publish", "no/a", qos, True) in authorizer.asked
        assert ("c", "publish", "a", qos, False) in authorizer.asked

    @LEVELS
    @pytest.mark.parametrize("qos", [0, 1, 2])
    @pytest.mark.parametrize("topic", ["no", "no/" + "x" * 65_000])
    def test_deny_action_disconnect(
        self, make_broker: MakeBroker, level: int, qos: int, topic: str
    ) -> None:
        broker = make_broker(authorizers=[Denying()], deny_action="disconnect")
        client = join(broker, "c", level)
        client.send_publish(topic, b"x", qos)
        assert client.refused() == (code.NOT_AUTHORIZED if level == code.V5 else 0)
        assert broker.leftovers() == []

    @LEVELS
    @pytest.mark.parametrize("topic", ["$SYS/x", "$SYS/brokers/memory/version"])
    def test_the_broker_s_own_topics(self, broker: MemoryBroker, level: int, topic: str) -> None:
        subscriber = join(broker, "s")
        subscriber.subscribe("$SYS/#")
        client = join(broker, "c", level)
        assert client.publish(topic, b"x", 1, retain=True) == (0x87 if level == code.V5 else 0)
        assert subscriber.packets() == []
        assert broker.context.retained.root.is_empty()

    def test_other_dollar_topics_are_anyone_s(self, broker: MemoryBroker) -> None:
        subscriber = join(broker, "s")
        subscriber.subscribe("$mine/#", "#")
        assert join(broker, "p").publish("$mine/x", b"x", 1) == 0
        assert subscriber.payloads() == [b"x"]

    @LEVELS
    @pytest.mark.parametrize(("maximum", "qos"), [(0, 1), (0, 2), (1, 2)])
    def test_max_qos(self, make_broker: MakeBroker, level: int, maximum: int, qos: int) -> None:
        broker = make_broker(max_qos=maximum)
        client = MemoryClient(broker, level)
        connack = client.connect()
        if level == code.V5:
            assert connack.properties.get(prop.MAXIMUM_QOS) == maximum
        client.publish("a", b"x", maximum)
        client.send_publish("a", b"x", qos)
        assert client.refused() == (code.QOS_NOT_SUPPORTED if level == code.V5 else 0)

    @LEVELS
    def test_retain_available(self, make_broker: MakeBroker, level: int) -> None:
        broker = make_broker(retain_available=False)
        client = MemoryClient(broker, level)
        connack = client.connect()
        if level == code.V5:
            assert connack.properties.get(prop.RETAIN_AVAILABLE) == 0
        client.send_publish("a", b"x", retain=True)
        assert client.refused() == (code.RETAIN_NOT_SUPPORTED if level == code.V5 else 0)

    @pytest.mark.parametrize("qos", [0, 1, 2])
    @pytest.mark.parametrize(
        ("payload", "indicator", "fine"),
        [
            ("é".encode(), 1, True),
            (b"\xff", 0, True),
            (b"\xff", None, True),
            (b"\xff", 1, False),
            (b"\xed\xa0\x80", 1, False),
        ],
    )
    def test_check_payload_format(
        self,
        make_broker: MakeBroker,
        qos: int,
        payload: bytes,
        indicator: int | None,
        fine: bool,
    ) -> None:
        properties: list[prop.Pair] = []
        if indicator is not None:
            properties.append((prop.PAYLOAD_FORMAT_INDICATOR, indicator))
        for check in (True, False):
            broker = make_broker(check_payload_format=check)
            subscriber = join(broker, "s")
            subscriber.subscribe("a")
            client = join(broker, "c")
            client.send_publish("a", payload, qos, packet_id=5, properties=properties)
            if fine or not check:
                client.ack(code.PUBREL, 5)
                client.packets()
                assert len(subscriber.packets()) == 1
            elif qos == 0:
                assert client.refused() == code.PAYLOAD_FORMAT_INVALID
            else:
                answer = client.packets()[0]
                assert isinstance(answer, (Puback, Pubrec))
                assert answer.reason == code.PAYLOAD_FORMAT_INVALID
                assert subscriber.packets() == []

    @pytest.mark.parametrize(
        "properties",
        [
            [(prop.SUBSCRIPTION_IDENTIFIER, 1)],
            [(prop.RESPONSE_TOPIC, "a/+")],
            [(prop.RESPONSE_TOPIC, "#")],
        ],
    )
    def test_properties_that_a_client_may_not_send(
        self, broker: MemoryBroker, properties: list[prop.Pair]
    ) -> None:
        client = join(broker)
        client.send_publish("a", properties=properties)
        assert client.refused() == code.PROTOCOL_ERROR


def test_a_refusal_says_why_if_it_may(broker: MemoryBroker) -> None:
    for asked, said in [([], True), ([(prop.REQUEST_PROBLEM_INFORMATION, 0)], False)]:
        client = join(broker, properties=asked)
        client.send_publish("$SYS/x", b"", 1)
        assert (prop.REASON_STRING in client.packet(Puback).properties) is said
        client.send_publish("$SYS/x", b"", 2)
        assert (prop.REASON_STRING in client.packet(Pubrec).properties) is said
