"""hypothesis strategies for every packet of every version."""

from collections.abc import Callable

from hypothesis import strategies as st

from codec_cases.case import properties
from codec_cases.property_rows import ROWS
from codec_cases.publish import published
from robustmq_mqtt.codec import reason_codes as rc
from robustmq_mqtt.codec.packets import (
    Ack,
    Auth,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Suback,
    Subscribe,
    TopicSubscription,
    Unsuback,
    Unsubscribe,
    Will,
)
from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.property_table import (
    BINARY,
    PROPERTY_BY_IDENTIFIER,
    STRING,
    STRING_PAIR,
    VARIABLE,
    WILL,
    PropertySpec,
)
from robustmq_mqtt.codec.publish import Publish
from robustmq_mqtt.codec.wire import (
    AUTH,
    CONNACK,
    CONNECT,
    DISCONNECT,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBACK,
    SUBSCRIBE,
    UNSUBACK,
    UNSUBSCRIBE,
    V3,
    V4,
    V5,
)

VERSIONS = st.sampled_from([V3, V4, V5])
STRINGS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
BYTES = st.binary(max_size=20)
PACKET_IDS = st.integers(1, 65_535)
ACK_CODES = {
    PUBACK: rc.PUBACK_CODES,
    PUBREC: rc.PUBREC_CODES,
    PUBREL: rc.PUBREL_CODES,
    PUBCOMP: rc.PUBCOMP_CODES,
}


def _values(spec: PropertySpec, place: int) -> st.SearchStrategy[object]:
    if spec.kind == STRING:
        return STRINGS
    if spec.kind == BINARY:
        return BYTES
    if spec.kind == STRING_PAIR:
        return st.lists(st.tuples(STRINGS, STRINGS), min_size=1, max_size=4)
    numbers = st.integers(spec.lowest, spec.highest)
    if spec.kind == VARIABLE:
        return st.lists(numbers, min_size=1, max_size=4 if place == PUBLISH else 1)
    return numbers


@st.composite
def property_lists(draw: st.DrawFn, place: int) -> Properties | None:
    """Any properties that may stand in `place`; None rather than an empty list."""
    values: dict[str, object] = {}
    for row in ROWS:
        spec = PROPERTY_BY_IDENTIFIER[row.identifier]
        assert spec is not None
        if place in row.places and draw(st.booleans()):
            values[row.name] = draw(_values(spec, place))
    if "authentication_data" in values or place == AUTH:
        values.setdefault("authentication_method", draw(STRINGS))
    return properties(**values) if values else None


def _lists_of(version: int, place: int) -> st.SearchStrategy[Properties | None]:
    return property_lists(place) if version == V5 else st.none()


@st.composite
def _connects(draw: st.DrawFn, version: int) -> Packet:
    will = None
    if draw(st.booleans()):
        will = Will(
            draw(STRINGS),
            draw(BYTES),
            draw(st.integers(0, 2)),
            draw(st.booleans()),
            draw(_lists_of(version, WILL)),
        )
    username = draw(st.none() | STRINGS)
    password = draw(st.none() | BYTES) if username is not None or version == V5 else None
    return Connect(
        version,
        draw(STRINGS),
        draw(st.booleans()),
        draw(st.integers(0, 65_535)),
        username,
        password,
        will,
        draw(_lists_of(version, CONNECT)),
        is_bridge=draw(st.booleans()) if version != V5 else False,
    )


@st.composite
def _connacks(draw: st.DrawFn, version: int) -> Packet:
    codes = rc.CONNACK_CODES if version == V5 else {0}
    code = draw(st.sampled_from(sorted(codes)))
    present = draw(st.booleans()) if code == 0 and version != V3 else False
    return Connack(present, code, draw(_lists_of(version, CONNACK)))


@st.composite
def _publishes(draw: st.DrawFn, version: int) -> Publish:
    qos = draw(st.integers(0, 2))
    return published(
        draw(STRINGS),
        draw(st.binary(max_size=300)),
        qos=qos,
        packet_id=draw(PACKET_IDS) if qos else 0,
        retain=draw(st.booleans()),
        dup=draw(st.booleans()) if qos else False,
        with_properties=draw(_lists_of(version, PUBLISH)),
    )


@st.composite
def _acks(draw: st.DrawFn, version: int) -> Packet:
    kind = draw(st.sampled_from(sorted(ACK_CODES)))
    if version != V5:
        return Ack(kind, draw(PACKET_IDS))
    code = draw(st.sampled_from(sorted(ACK_CODES[kind])))
    return Ack(kind, draw(PACKET_IDS), code, draw(property_lists(kind)))


@st.composite
def _subscribes(draw: st.DrawFn, version: int) -> Packet:
    options = st.builds(TopicSubscription, STRINGS, st.integers(0, 2))
    if version == V5:
        options = st.builds(
            TopicSubscription,
            STRINGS,
            st.integers(0, 2),
            st.booleans(),
            st.booleans(),
            st.integers(0, 2),
        )
    return Subscribe(
        draw(PACKET_IDS),
        draw(st.lists(options, min_size=1, max_size=5)),
        draw(_lists_of(version, SUBSCRIBE)),
    )


@st.composite
def _others(draw: st.DrawFn, version: int) -> Packet:
    def codes(allowed: frozenset[int]) -> st.SearchStrategy[list[int]]:
        return st.lists(st.sampled_from(sorted(allowed)), min_size=1, max_size=5)

    def suback() -> Packet:
        allowed = rc.SUBACK_CODES if version == V5 else rc.SUBACK_CODES_V4
        return Suback(draw(PACKET_IDS), draw(codes(allowed)), draw(_lists_of(version, SUBACK)))

    def unsubscribe() -> Packet:
        filters = draw(st.lists(STRINGS, min_size=1, max_size=5))
        return Unsubscribe(draw(PACKET_IDS), filters, draw(_lists_of(version, UNSUBSCRIBE)))

    def unsuback() -> Packet:
        if version != V5:
            return Unsuback(draw(PACKET_IDS), [])
        chosen = draw(codes(rc.UNSUBACK_CODES))
        return Unsuback(draw(PACKET_IDS), chosen, draw(property_lists(UNSUBACK)))

    def disconnect() -> Packet:
        if version != V5:
            return Disconnect()
        code = draw(st.sampled_from(sorted(rc.DISCONNECT_CODES)))
        return Disconnect(code, draw(property_lists(DISCONNECT)))

    def auth() -> Packet:
        code = draw(st.sampled_from(sorted(rc.AUTH_CODES)))
        return Auth(code, draw(property_lists(AUTH)))

    makers: list[Callable[[], Packet]] = [suback, unsubscribe, unsuback, disconnect]
    if version == V5:
        makers.append(auth)
    return draw(st.sampled_from(makers))()


@st.composite
def packets(draw: st.DrawFn) -> tuple[int, Packet | Publish]:
    """A version and a packet that it can carry."""
    version = draw(VERSIONS)
    families: list[Callable[[int], st.SearchStrategy[Packet | Publish]]] = [
        *(_connects, _connacks, _publishes, _acks, _subscribes, _others),
    ]
    return version, draw(draw(st.sampled_from(families))(version))
