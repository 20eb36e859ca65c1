"""PUBACK, PUBREC, PUBREL and PUBCOMP, in both directions, right and wrong."""

import pytest

from memory_broker import MemoryBroker
from memory_client import MemoryClient, join
from wire import Pubcomp, Publish, Pubrec, Pubrel, code, encode, prop

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


def given(broker: MemoryBroker, level: int, qos: int, count: int = 1) -> MemoryClient:
    """A client with messages of a QoS that it has not acknowledged."""
    client = join(broker, "c", level)
    client.subscribe(("a", qos))
    publisher = join(broker, "p")
    for number in range(count):
        publisher.publish("a", bytes([number]), qos)
    assert len(client.publishes()) == count
    return client


@LEVELS
def test_qos1(broker: MemoryBroker, level: int) -> None:
    client = given(broker, level, 1, 3)
    for packet_id in (2, 1, 3):
        client.ack(code.PUBACK, packet_id)
        client.ack(code.PUBACK, packet_id)
    assert client.packets() == []
    assert broker.context.sessions["c"].waiting() == 0


@LEVELS
def test_qos2(broker: MemoryBroker, level: int) -> None:
    client = given(broker, level, 2, 3)
    for packet_id in (3, 1, 2):
        client.ack(code.PUBREC, packet_id)
    # PUBREL in the order of PUBREC [MQTT-4.6.0-4].
    found = client.packets()
    assert [one.packet_id for one in found if isinstance(one, Pubrel)] == [3, 1, 2]
    client.ack(code.PUBREC, 1)
    assert client.packet(Pubrel).packet_id == 1
    for packet_id in (1, 2, 3):
        client.ack(code.PUBCOMP, packet_id)
        client.ack(code.PUBCOMP, packet_id)
    assert client.packets() == []
    assert broker.context.sessions["c"].waiting() == 0


def test_with_reason_codes_and_properties(broker: MemoryBroker) -> None:
    client = given(broker, code.V5, 1, 4)
    properties: list[prop.Pair] = [(prop.REASON_STRING, "why"), (prop.USER_PROPERTY, ("k", "v"))]
    client.send(
        encode.ack(code.V5, code.PUBACK, 1, 0x00, []),
        encode.ack(code.V5, code.PUBACK, 2, 0x10, properties),
        encode.ack(code.V5, code.PUBACK, 3, 0x80, properties),
        encode.ack(code.V5, code.PUBACK, 4, 0x97),
    )
    assert client.packets() == []
    assert broker.context.sessions["c"].waiting() == 0


def test_pubrec_with_an_error_ends_it(broker: MemoryBroker) -> None:
    client = given(broker, code.V5, 2, 1)
    client.ack(code.PUBREC, 1, 0x87)
    assert client.packets() == []
    assert broker.context.sessions["c"].waiting() == 0


def test_pubrel_with_a_reason_code(broker: MemoryBroker) -> None:
    client = join(broker)
    client.send_publish("a", b"x", 2, packet_id=1)
    client.packet(Pubrec)
    client.ack(code.PUBREL, 1, 0x92)
    assert client.packet(Pubcomp).reason == 0


@LEVELS
def test_pubcomp_before_pubrel(broker: MemoryBroker, level: int) -> None:
    client = given(broker, level, 2, 1)
    client.ack(code.PUBCOMP, 1)
    assert client.refused() == (code.PROTOCOL_ERROR if level == code.V5 else 0)


@LEVELS
@pytest.mark.parametrize(
    ("packet_type", "qos"), [(code.PUBACK, 2), (code.PUBREC, 1)], ids=["PUBACK", "PUBREC"]
)
def test_acknowledgements_of_the_other_kind(
    broker: MemoryBroker, level: int, packet_type: int, qos: int
) -> None:
    client = given(broker, level, qos, 1)
    client.ack(packet_type, 1)
    assert client.refused() == (code.PROTOCOL_ERROR if level == code.V5 else 0)


@LEVELS
def test_the_answer_to_a_pubrel_of_nothing(broker: MemoryBroker, level: int) -> None:
    client = join(broker, "c", level)
    client.ack(code.PUBREL, 77)
    answer = client.packet(Pubcomp)
    assert (answer.packet_id, answer.reason) == (77, 0x92 if level == code.V5 else 0)


@LEVELS
@pytest.mark.parametrize("packet_type", [code.PUBACK, code.PUBREC, code.PUBREL, code.PUBCOMP])
def test_identifier_0(broker: MemoryBroker, level: int, packet_type: int) -> None:
    client = join(broker, "c", level)
    client.ack(packet_type, 0)
    assert client.refused() == (code.PROTOCOL_ERROR if level == code.V5 else 0)


def test_a_client_that_is_its_own_subscriber_gets_pubcomp_first(broker: MemoryBroker) -> None:
    client = join(broker)
    client.subscribe(("a", 2))
    client.send_publish("a", b"x", 2, packet_id=1)
    client.packet(Pubrec)
    client.ack(code.PUBREL, 1)
    assert [type(one) for one in client.packets()] == [Pubcomp, Publish]
