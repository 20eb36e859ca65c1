"""The bucket of connections."""

from robustmq_broker.listeners.connection_rate import ConnectionRate


def test_a_burst_and_then_the_rate() -> None:
    rate = ConnectionRate(2.0, 3, 100.0)
    assert [rate.takes(100.0) for _ in range(4)] == [True, True, True, False]
    assert not rate.takes(100.4)
    assert rate.takes(100.5)
    assert not rate.takes(100.6)


def test_no_more_than_a_burst_is_saved_up() -> None:
    rate = ConnectionRate(2.0, 3, 0.0)
    assert [rate.takes(1e6) for _ in range(4)] == [True, True, True, False]
