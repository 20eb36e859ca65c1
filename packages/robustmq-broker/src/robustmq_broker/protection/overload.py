"""[P] Whether there is too much to do, judged by how late a timer is.

It begins with one look that is late by `high`, and is over when none was by more than `low` for
`cooldown` seconds: a broker that is busy now and then must not let clients in and out.
"""


class Overload:
    """All arguments in seconds."""

    def __init__(self, high: float, low: float, cooldown: float) -> None:
        self._high = high
        self._low = low
        self._cooldown = cooldown
        self._calm_since: float | None = None
        self.active = False
        self.lag = 0.0

    def measured(self, lag: float, now: float) -> bool:
        """Take a look's lag; says whether `active` has changed."""
        self.lag = lag
        if not self.active:
            self.active = lag >= self._high
            self._calm_since = None
            return self.active
        if lag > self._low:
            self._calm_since = None
        elif self._calm_since is None:
            self._calm_since = now
        elif now - self._calm_since >= self._cooldown:
            self.active = False
            return True
        return False
