"""[P] How many connections a second a listener takes: a bucket of tokens."""


class ConnectionRate:
    """`rate` tokens a second, `burst` at most; full at first. Times are monotonic seconds."""

    __slots__ = ("_burst", "_rate", "_since", "_tokens")

    def __init__(self, rate: float, burst: int, now: float) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = self._burst
        self._since = now

    def takes(self, now: float) -> bool:
        """Whether there is a token for one more; it is gone then."""
        self._tokens = min(self._burst, self._tokens + (now - self._since) * self._rate)
        self._since = now
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True
