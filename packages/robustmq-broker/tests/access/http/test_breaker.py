"""The circuit breaker: when it opens, what it lets through, when it closes."""

from robustmq_broker.access.http.breaker import CLOSED, HALF_OPEN, OPEN, CircuitBreaker


def opened(now: float = 0.0) -> CircuitBreaker:
    breaker = CircuitBreaker(3, 10.0)
    for _ in range(3):
        assert breaker.passes(now)
        breaker.failed(now)
    return breaker


def test_failures_in_a_row_open_it() -> None:
    breaker = CircuitBreaker(3, 10.0)
    for _ in range(5):
        breaker.failed(0.0)
        breaker.failed(0.0)
        breaker.succeeded()
    assert breaker.state == CLOSED
    assert opened().state == OPEN


def test_open_nothing_passes() -> None:
    breaker = opened()
    assert not any(breaker.passes(now) for now in (0.0, 5.0, 9.9))


def test_one_finds_out_whether_it_is_over() -> None:
    breaker = opened()
    assert [breaker.passes(10.0) for _ in range(3)] == [True, False, False]
    assert breaker.state == HALF_OPEN
    breaker.succeeded()
    assert breaker.state == CLOSED
    assert breaker.passes(10.0)


def test_it_is_not_over() -> None:
    breaker = opened()
    assert breaker.passes(10.0)
    breaker.failed(12.0)
    assert breaker.state == OPEN
    assert not breaker.passes(21.9)
    assert breaker.passes(22.0)


def test_late_failures_do_not_keep_it_open() -> None:
    breaker = opened(0.0)
    for now in (1.0, 5.0, 9.0):
        breaker.failed(now)
    assert breaker.passes(10.0)


def test_a_probe_that_nobody_waited_for() -> None:
    breaker = opened()
    assert breaker.passes(10.0)
    breaker.abandoned(11.0)
    assert breaker.passes(11.0)
    closed = CircuitBreaker(3, 10.0)
    closed.abandoned(0.0)
    assert closed.state == CLOSED
