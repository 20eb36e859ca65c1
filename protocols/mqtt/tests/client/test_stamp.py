from robustmq_mqtt.client import stamp


def test_run_and_publisher_share_a_number() -> None:
    assert stamp.source_of(stamp.MAX_RUN, stamp.MAX_PUBLISHERS - 1) == 0xFFFFFFFF
    assert stamp.source_of(1, 2) == 0x10002


def test_a_time_keeps_its_lower_six_bytes() -> None:
    assert stamp.wrapped((5 << 48) + 7) == 7
    assert stamp.wrapped(stamp.TIME_MASK) == stamp.TIME_MASK


def test_the_mark_is_what_receivers_look_for() -> None:
    assert bytes([stamp.MARK_0, stamp.MARK_1]) == stamp.MARK
