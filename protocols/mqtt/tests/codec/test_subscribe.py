"""SUBSCRIBE, UNSUBSCRIBE and their answers beyond the case table."""

from collections.abc import Callable

import pytest
from codec_cases.case import properties, wire

from robustmq_mqtt.codec.errors import PacketError
from robustmq_mqtt.codec.packets import Suback, Subscribe, TopicSubscription, Unsuback, Unsubscribe
from robustmq_mqtt.codec.reason_codes import SUBACK_CODES, UNSUBACK_CODES
from robustmq_mqtt.codec.subscribe import (
    decode_suback,
    decode_subscribe,
    decode_unsuback,
    encode_suback,
    encode_subscribe,
    encode_unsuback,
    encode_unsubscribe,
)


def test_every_options_byte_of_mqtt_5() -> None:
    for options in range(256):
        body = wire("0001 [] <t>") + bytes([options])
        qos, handling = options & 3, options >> 4 & 3
        if options & 0xC0 or qos == 3 or handling == 3:
            with pytest.raises(PacketError) as caught:
                decode_subscribe(body, 0, len(body), 5)
            assert caught.value.reason_code == (0x81 if options & 0xC0 else 0x82)
        else:
            (subscription,) = decode_subscribe(body, 0, len(body), 5).subscriptions
            assert subscription == TopicSubscription(
                "t", qos, options & 4 != 0, options & 8 != 0, handling
            )


@pytest.mark.parametrize("version", [3, 4])
def test_every_qos_byte_of_older_versions(version: int) -> None:
    for options in range(256):
        body = wire("0001 <t>") + bytes([options])
        if options < 3:
            packet = decode_subscribe(body, 0, len(body), version)
            assert packet.subscriptions == [TopicSubscription("t", options)]
        else:
            with pytest.raises(PacketError) as caught:
                decode_subscribe(body, 0, len(body), version)
            assert caught.value.reason_code == 0x81


def test_options_are_left_out_of_older_versions() -> None:
    packet = Subscribe(1, [TopicSubscription("t", 1, True, True, 2)], properties(topic_alias=1))
    assert encode_subscribe(packet, 4) == wire("82 ## 0001 <t> 01")


@pytest.mark.parametrize("code", sorted(SUBACK_CODES))
def test_suback_knows_one_failure_before_mqtt_5(code: int) -> None:
    expected = min(code, 0x80)
    for version in (3, 4):
        frame = encode_suback(7, [code, 0], properties(reason_string="no"), version)
        assert frame == bytes([0x90, 4, 0, 7, expected, 0])
        assert decode_suback(frame, 2, 6, version).reason_codes == [expected, 0]


@pytest.mark.parametrize("version", [3, 4])
def test_unsuback_is_an_id_before_mqtt_5(version: int) -> None:
    frame = encode_unsuback(7, [0, 0x11], properties(reason_string="x"), version)
    assert frame == wire("b0 02 0007")


@pytest.mark.parametrize(
    ("allowed", "decode"), [(SUBACK_CODES, decode_suback), (UNSUBACK_CODES, decode_unsuback)]
)
def test_answers_carry_their_codes_and_no_others(
    allowed: frozenset[int], decode: Callable[..., Suback | Unsuback]
) -> None:
    for code in range(256):
        body = wire("0001 []") + bytes([code])
        if code in allowed:
            assert decode(body, 0, 4, 5).reason_codes == [code]
        else:
            with pytest.raises(PacketError) as caught:
                decode(body, 0, 4, 5)
            assert caught.value.reason_code == 0x82


def test_many_filters() -> None:
    filters = [f"level/{number}/#" for number in range(3_000)]
    packet = Subscribe(1, [TopicSubscription(item, 1) for item in filters])
    frame = encode_subscribe(packet, 5)
    assert decode_subscribe(frame, 4, len(frame), 5) == packet


def test_filters_that_cannot_be_encoded() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        encode_subscribe(Subscribe(1, [TopicSubscription("x" * 65_536)]), 5)
    with pytest.raises(ValueError, match="null character"):
        encode_unsubscribe(Unsubscribe(1, ["a\0"]), 4)
