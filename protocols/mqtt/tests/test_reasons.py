"""Reason Strings: only where they are wanted, and only if they fit."""

import pytest

from memory_broker import MemoryBroker
from memory_client import join
from robustmq_mqtt.codec.wire import PUBACK
from robustmq_mqtt.connection import Connection
from robustmq_mqtt.reasons import (
    MAX_REASON_BYTES,
    failed_ack,
    fits,
    reason_properties,
    reason_string,
    refused_filter,
)
from wire import code, prop

pytest_plugins = ("memory_fixtures",)


def connection(broker: MemoryBroker, level: int, *asked: prop.Pair) -> Connection:
    client = join(broker, "c", level, properties=asked)
    found = client.raw.transport.connection
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("level", "asked", "reason", "said"),
    [
        (code.V5, [], "why", "why"),
        (code.V5, [(prop.REQUEST_PROBLEM_INFORMATION, 1)], "why", "why"),
        (code.V5, [(prop.REQUEST_PROBLEM_INFORMATION, 0)], "why", None),
        (code.V5, [], "", None),
        (code.V311, [], "why", None),
    ],
)
def test_wanted(
    broker: MemoryBroker, level: int, asked: list[prop.Pair], reason: str, said: str | None
) -> None:
    properties = reason_properties(connection(broker, level, *asked), reason)
    assert (None if properties is None else properties.reason_string) == said


@pytest.mark.parametrize("text", ["x" * 5_000, "é" * 5_000, "\U0001f600" * 5_000, "a\0b", "\ud800"])
def test_cut_to_what_can_be_written(text: str) -> None:
    said = reason_string(text).reason_string
    assert said is not None
    encoded = said.encode()
    assert len(encoded) <= MAX_REASON_BYTES
    assert b"\0" not in encoded
    assert len(encoded) > MAX_REASON_BYTES - 4 or len(text) < 5


@pytest.mark.parametrize(("maximum", "long"), [(None, True), (50, True), (49, False)])
def test_fits(broker: MemoryBroker, maximum: int | None, long: bool) -> None:
    asked = [] if maximum is None else [(prop.MAXIMUM_PACKET_SIZE, maximum)]
    frame = bytes(50)
    assert fits(connection(broker, code.V5, *asked), frame, b"short") == (
        frame if long else b"short"
    )


def test_failed_ack(broker: MemoryBroker) -> None:
    short = b"\x40\x03\x00\x07\x87"
    assert failed_ack(connection(broker, code.V5), PUBACK, 7, 0x87, "") == short
    assert failed_ack(connection(broker, code.V5), PUBACK, 7, 0x87, "why") == (
        b"\x40\x0a\x00\x07\x87\x06\x1f\x00\x03why"
    )
    few = connection(broker, code.V5, (prop.MAXIMUM_PACKET_SIZE, 30))
    assert failed_ack(few, PUBACK, 7, 0x87, "x" * 30) == short
    assert failed_ack(connection(broker, code.V311), PUBACK, 7, 0x87, "why") == b"\x40\x02\x00\x07"


def test_the_first_refused_filter_is_named() -> None:
    assert refused_filter(["a", "b", "c"], [0, 0x8F, 0x87]) == "'b': Topic Filter invalid"
    assert refused_filter(["a", "b"], [2, 0x11]) == ""
