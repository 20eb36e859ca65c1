"""[H] Latencies on the way into a histogram: messages of one batch are recorded together."""

from typing import final

from robustmq_common.histogram import Histogram


@final
class Latency:
    """Collects latencies in microseconds; call `flush` before looking at `histogram`.

    `until` is when the last one ended, -1 before the first.

    The messages of a batch carry the same time and are read at the same time. Counting them up and
    recording them at once makes the histogram cost nothing per message.
    """

    def __init__(self) -> None:
        self.histogram = Histogram()
        self._since = -1
        self.until = -1
        self._times = 0

    def add(self, since: int, until: int) -> None:
        """Count one latency, from `since` to `until`."""
        if since != self._since or until != self.until:
            self.flush()
            self._since = since
            self.until = until
        self._times += 1

    def flush(self) -> None:
        """Record what has been counted."""
        if self._times:
            self.histogram.record(self.until - self._since, self._times)
            self._times = 0

    def take(self) -> Histogram:
        """Everything since the last call."""
        self.flush()
        taken = self.histogram
        self.histogram = Histogram()
        return taken
