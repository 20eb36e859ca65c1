"""UNSUBSCRIBE (section 3.10)."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import join
from wire import Unsuback, code, encode, prop

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


@LEVELS
def test_one_code_per_filter_in_their_order(broker: MemoryBroker, level: int) -> None:
    client = join(broker, "c", level)
    client.subscribe("a", "a/+", "$share/g/a")
    codes = client.unsubscribe("a", "b", "a/#/b", "$share/g/a", "$share/h/a", "a", "$share/x")
    expected = [0, 0x11, 0x8F, 0, 0x11, 0x11, 0x8F]
    assert codes == (expected if level == code.V5 else [])
    assert broker.filters("c") == {"a/+"}
    join(broker, "p").publish("a", b"x")
    assert client.packets() == []


@LEVELS
def test_filters_are_compared_character_by_character(broker: MemoryBroker, level: int) -> None:
    client = join(broker, "c", level)
    client.subscribe("a/+")
    client.unsubscribe("a/b", "+/+", "#", "A/+")
    join(broker, "p").publish("a/b", b"x")
    assert client.payloads() == [b"x"]


def test_what_was_sent_is_completed(broker: MemoryBroker) -> None:
    client = join(broker)
    client.subscribe(("a", 1))
    join(broker, "p").publish("a", b"x", 1)
    (message,) = client.publishes()
    client.unsubscribe("a")
    session = broker.context.sessions["c"]
    assert session.waiting() == 1
    client.ack(code.PUBACK, message.packet_id)
    broker.run_until_idle()
    assert session.waiting() == 0


def test_a_filter_longer_than_allowed_now_can_be_left(make_broker: MakeBroker) -> None:
    broker = make_broker()
    client = join(broker, expiry=100)
    client.subscribe("a/b/c")
    broker.context.limits.max_topic_levels = 2
    assert client.unsubscribe("a/b/c", "x/y/z") == [0, 0x8F]


@pytest.mark.parametrize(("asked", "said"), [(None, True), (0, False)])
def test_reason_string(broker: MemoryBroker, asked: int | None, said: bool) -> None:
    properties = [] if asked is None else [(prop.REQUEST_PROBLEM_INFORMATION, asked)]
    client = join(broker, properties=properties)
    client.send(encode.unsubscribe(code.V5, 1, ["a/#/b"]))
    assert (prop.REASON_STRING in client.packet(Unsuback).properties) is said
    client.send(encode.unsubscribe(code.V5, 1, ["a"]))
    assert len(client.packet(Unsuback).properties) == 0
