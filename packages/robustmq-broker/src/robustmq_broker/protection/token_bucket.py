"""[H] Token buckets, and the line of those who wait for one.

A bucket holds as many tokens as its rate has for one period, plus a burst, and fills evenly. So
what is handled in any time t is never more than rate * t + capacity, but for one thing: what is
larger than the capacity is let through by a full bucket, which then owes the rest.

Several connections may draw from one bucket. Once it is empty they form a line: each is served in
turn with an equal share of what there is, so that nobody starves, and with one timer for all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from robustmq_common.spi.services import Clock, TimerHandle, Timers

SERVE_SECONDS: Final = 0.1
"""Between two looks at a line, at least: what comes in that time is shared out at once."""


@final
class TokenBucket:
    """amount in seconds is the rate; burst comes on top of the amount. Starts full."""

    def __init__(
        self, amount: float, seconds: float, burst: float, clock: Clock, timers: Timers
    ) -> None:
        self.rate = amount / seconds
        self.capacity = amount + burst
        self.tokens = self.capacity
        self.clock = clock
        self.timers = timers
        self.updated = clock.monotonic
        self.waiting: dict[Claim, None] = {}
        self.timer: TimerHandle | None = None
        self.serving = False

    def refill(self) -> None:
        """Add what has come since the last time."""
        now = self.clock.monotonic
        if now > self.updated:
            self.tokens = min(self.capacity, self.tokens + (now - self.updated) * self.rate)
            self.updated = now

    def take(self, amount: float) -> bool:
        """Take an amount, if it is there and nobody has waited longer."""
        self.refill()
        if self.waiting or self.tokens < min(amount, self.capacity):
            return False
        self.tokens -= amount
        return True

    def give_back(self, amount: float) -> None:
        """Put back what was taken and not used."""
        self.tokens = min(self.capacity, self.tokens + amount)

    def is_full(self) -> bool:
        self.refill()
        return self.tokens >= self.capacity and not self.waiting

    def queue(self, claim: Claim) -> None:
        """Get in line; whoever is in it keeps the place."""
        self.waiting[claim] = None
        if self.timer is None and not self.serving:
            self.set_timer()

    def leave(self, claim: Claim) -> None:
        """Get out of the line; the next one may need less, and so be served sooner."""
        self.waiting.pop(claim, None)
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
            if self.waiting:
                self.set_timer()

    def set_timer(self) -> None:
        first = next(iter(self.waiting))
        lacking = min(first.need, self.capacity) - self.tokens
        self.timer = self.timers.after(max(lacking / self.rate, SERVE_SECONDS), self.serve)

    def serve(self) -> None:
        """Serve the line, everyone once at most."""
        self.timer = None
        self.serving = True
        try:
            self.refill()
            for left in range(len(self.waiting), 0, -1):
                if not self.waiting:
                    break
                claim = next(iter(self.waiting))
                if self.tokens < min(claim.need, self.capacity):
                    break
                share = max(claim.need, self.tokens / left)
                del self.waiting[claim]
                self.tokens -= share
                claim.served(share)
        finally:
            self.serving = False
            if self.waiting:
                self.set_timer()


@final
class Claim:
    """What one connection has drawn from a bucket and not used yet, and its place in the line."""

    def __init__(self, bucket: TokenBucket) -> None:
        self.bucket = bucket
        self.credit = 0.0
        self.need = 0.0
        self.resume: Callable[[], None] | None = None

    def covers(self, amount: float) -> bool:
        """Have an amount ready to be spent, drawing what it takes."""
        missing = amount - self.credit
        if missing <= 0.0:
            return True
        if self.bucket.take(missing):
            self.credit = amount
            return True
        self.need = missing
        return False

    def wait(self, resume: Callable[[], None]) -> None:
        """Call back once, when what was refused last is there."""
        self.resume = resume
        self.bucket.queue(self)

    def served(self, share: float) -> None:
        """Its turn in the line: what it does not need after all goes back."""
        needed = self.credit + self.need
        self.credit += share
        resume = self.resume
        self.resume = None
        if resume is not None:
            resume()
        # Served here it may have to wait elsewhere; it keeps what that one message needs.
        spare = self.credit - (needed if self.credit >= needed else 0.0)
        if spare > 0.0:
            self.credit -= spare
            self.bucket.give_back(spare)

    def close(self) -> None:
        """Leave the line, and give back what is left."""
        self.resume = None
        self.bucket.leave(self)
        if self.credit > 0.0:
            self.bucket.give_back(self.credit)
            self.credit = 0.0
