"""What is encoded decodes to the same packet: any packet, any properties, any version."""

from codec_cases.case import comparable, decode, encode
from codec_cases.property_rows import EVERYWHERE
from codec_cases.steady import EXTENSIVE
from codec_cases.strategies import packets, property_lists
from hypothesis import given
from hypothesis import strategies as st

from robustmq_mqtt.codec.packets import Packet
from robustmq_mqtt.codec.properties import Properties, decode_properties, encode_properties
from robustmq_mqtt.codec.publish import Publish


@given(packets())
@EXTENSIVE
def test_every_packet(versioned: tuple[int, Packet | Publish]) -> None:
    version, packet = versioned
    frame = encode(packet, version)
    assert comparable(decode(frame, version)) == comparable(packet)
    # Nothing is left to choice: the same packet is always the same bytes.
    assert encode(decode(frame, version), version) == frame


@given(st.sampled_from(EVERYWHERE), st.data())
@EXTENSIVE
def test_properties(place: int, data: st.DataObject) -> None:
    drawn = data.draw(property_lists(place))
    encoded = encode_properties(drawn)
    decoded = decode_properties(encoded + b"\xff", 0, len(encoded), place)
    assert decoded == (Properties() if drawn is None else drawn)
    assert decoded.end == len(encoded)
