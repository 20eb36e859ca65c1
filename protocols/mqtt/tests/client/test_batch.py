"""What a batch builds is what the encoder builds, one message at a time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustmq_mqtt.client.batch import PublishBatch
from robustmq_mqtt.client.stamp import MARK, SIZE
from robustmq_mqtt.codec.publish import encode_publish
from robustmq_mqtt.codec.wire import V3, V4, V5

SENT_AT = 0x0102_0304_0506
SOURCE = 0x0007_0009


def stamped(number: int, size: int) -> bytes:
    numbers = SOURCE.to_bytes(4, "big") + number.to_bytes(4, "big") + SENT_AT.to_bytes(6, "big")
    return MARK + numbers + b"x" * (size - SIZE)


def one_by_one(
    topic: str, size: int, qos: int, retain: bool, version: int, first: int, count: int
) -> bytes:
    return b"".join(
        encode_publish(
            topic.replace("%n", str(number)).encode(),
            stamped(number, size) if size >= SIZE else b"x" * size,
            qos,
            retain,
            packet_id=100 + number - first,
            version=version,
        )
        for number in range(first, first + count)
    )


@given(
    st.sampled_from(["t", "a/long/topic/" * 12, "by/%n/number"]),
    st.sampled_from([0, 5, SIZE, SIZE + 1, 64, 20_000]),
    st.integers(0, 2),
    st.booleans(),
    st.sampled_from([V3, V4, V5]),
    st.sampled_from([0, 3, 0xFFF0, 0x1_0000, 0x2_FFFF]),
    st.integers(0, 40),
)
def test_frames(
    topic: str, size: int, qos: int, retain: bool, version: int, first: int, count: int
) -> None:
    batch = PublishBatch(topic, size, SOURCE, qos, retain, version)
    packet_ids = list(range(100, 100 + count)) if qos else []
    made = batch.frames(first, packet_ids, count, SENT_AT)
    assert made == one_by_one(topic, size, qos, retain, version, first, count)


def test_a_batch_over_more_than_one_upper_half() -> None:
    count = 0x1_0000 * 2 + 5
    made = PublishBatch("t", SIZE, SOURCE, version=V4).frames(0xFFFE, [], count, SENT_AT)
    assert made == one_by_one("t", SIZE, 0, False, V4, 0xFFFE, count)


@pytest.mark.parametrize("qos", [0, 1])
def test_a_given_payload_is_sent_as_it_is(qos: int) -> None:
    batch = PublishBatch("t", 64, SOURCE, qos, version=V4, payload=b"as it is")
    made = batch.frames(0, [1, 2], 2, SENT_AT)
    expected = [
        encode_publish(b"t", b"as it is", qos, packet_id=number, version=V4) for number in (1, 2)
    ]
    assert made == b"".join(expected)


@pytest.mark.parametrize("qos", [0, 1])
@pytest.mark.parametrize("version", [V4, V5])
def test_the_size_of_a_frame_is_known(qos: int, version: int) -> None:
    batch = PublishBatch("t", 500, SOURCE, qos, version=version)
    assert batch.frame_size == len(batch.frames(0, [1], 1, SENT_AT))


def test_a_topic_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        PublishBatch("t" * 65_536, 16, SOURCE)
