from robustmq_common.spi.consumers import Lag


def test_the_lag_is_what_is_still_there_to_come() -> None:
    assert Lag("s", 3, 0, 10).lag == 7
    assert Lag("s", 10, 0, 10).lag == 0


def test_what_retention_took_is_not_to_come_any_more() -> None:
    assert Lag("s", 3, 8, 10).lag == 2


def test_a_position_beyond_the_log_has_nothing_to_come() -> None:
    assert Lag("s", 9, 0, 2).lag == 0
