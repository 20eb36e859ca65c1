from robustmq_broker.protection.overload import Overload


def test_it_begins_with_one_long_lag_and_ends_after_a_calm_time() -> None:
    overload = Overload(0.5, 0.2, 5.0)
    assert not overload.measured(0.49, 0.0)
    assert overload.measured(0.5, 1.0)
    assert overload.active
    assert not overload.measured(0.0, 2.0)
    assert not overload.measured(0.0, 6.0)
    assert not overload.measured(0.21, 6.5)  # not calm yet
    assert not overload.measured(0.1, 7.0)
    assert not overload.measured(0.1, 11.9)
    assert overload.active
    assert overload.measured(0.2, 12.0)
    assert not overload.active


def test_it_can_begin_again() -> None:
    overload = Overload(0.5, 0.2, 0.0)
    for _ in range(3):
        assert overload.measured(1.0, 0.0)
        assert not overload.measured(0.0, 1.0)
        assert overload.measured(0.0, 1.0)
    assert overload.lag == 0.0
