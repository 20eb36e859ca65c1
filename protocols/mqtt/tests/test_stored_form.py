"""What is written to storage can be read back, whatever it holds."""

import json

from hypothesis import given
from hypothesis import strategies as st

from memory_broker import MemoryBroker
from memory_client import join
from message_strategies import TOPIC, properties
from robustmq_mqtt.codec.packets import Will
from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.stored_form import (
    decode_will,
    encode_session,
    encode_will,
    incoming_key,
    message_key,
    session_shard,
    subscription_key,
)

pytest_plugins = ("memory_fixtures",)


@st.composite
def will_properties(draw: st.DrawFn) -> Properties | None:
    made = draw(properties())
    if made is not None:
        made.will_delay_interval = draw(st.none() | st.integers(0, 0xFFFFFFFF))
        made.message_expiry_interval = draw(st.none() | st.integers(0, 0xFFFFFFFF))
    return made


@given(TOPIC, st.binary(max_size=50), st.integers(0, 2), st.booleans(), will_properties())
def test_wills(topic: str, payload: bytes, qos: int, retain: bool, held: Properties | None) -> None:
    will = Will(topic, payload, qos, retain, held)
    again = decode_will(encode_will(will))
    assert again is not None
    assert again.properties == held or (held is not None and held.fields() == {})
    assert (again.topic, again.payload, again.qos, again.retain) == (topic, payload, qos, retain)


def test_a_session(broker: MemoryBroker) -> None:
    client = join(broker, "c", expiry=100)
    session = broker.context.sessions["c"]
    assert decode_will(None) is None
    stored = json.loads(encode_session(session))
    assert (stored["will"], stored["sent"], stored["expiry_interval"]) == (None, None, 100)
    client.disconnect()
    stored = json.loads(encode_session(session))
    assert (stored["sent"], stored["disconnected_at"]) == (0, broker.clock.wall)


def test_keys_sort_as_their_numbers_do() -> None:
    numbers = [1, 2, 255, 256, 65_535, 2**40]
    assert sorted(map(message_key, numbers)) == list(map(message_key, numbers))
    small = numbers[:5]
    assert sorted(map(incoming_key, small)) == list(map(incoming_key, small))


def test_a_session_s_shard_holds_its_identifier() -> None:
    assert session_shard("a/é") == "mqtt/session/a/é"
    assert subscription_key("a/é") == "sa/é".encode()
