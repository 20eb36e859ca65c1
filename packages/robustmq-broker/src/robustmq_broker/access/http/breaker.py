"""[P] A circuit breaker: a service that fails again and again is left alone for a while."""

from typing import Final

CLOSED: Final = "closed"
OPEN: Final = "open"
HALF_OPEN: Final = "half-open"


class CircuitBreaker:
    """Closed, calls pass; open, none does; half-open, one finds out whether to close again.

    failures: how many in a row open it. seconds: how long it stays open. Times are those of a
    monotonic clock, in seconds.
    """

    def __init__(self, failures: int, seconds: float) -> None:
        self.failures = failures
        self.seconds = seconds
        self.state = CLOSED
        self._in_a_row = 0
        self._opened_at = 0.0

    def passes(self, now: float) -> bool:
        """Whether a call may be made; if so, `succeeded`, `failed` or `abandoned` has to follow."""
        if self.state == CLOSED:
            return True
        if self.state == OPEN and now - self._opened_at >= self.seconds:
            self.state = HALF_OPEN
            return True
        return False

    def succeeded(self) -> None:
        """The service answered."""
        self._in_a_row = 0
        self.state = CLOSED

    def failed(self, now: float) -> None:
        """It did not. What was sent before it opened and fails afterwards changes nothing."""
        if self.state == OPEN:
            return
        self._in_a_row += 1
        if self.state == HALF_OPEN or self._in_a_row >= self.failures:
            self.state = OPEN
            self._opened_at = now

    def abandoned(self, now: float) -> None:
        """Nobody waited for the answer: a probe that said nothing is to be made again."""
        if self.state == HALF_OPEN:
            self.state = OPEN
            self._opened_at = now - self.seconds
