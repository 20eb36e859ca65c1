"""[H] What one connected client may do: a share in each bucket that it draws from."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from robustmq_broker.protection.token_bucket import Claim, TokenBucket


@final
class Quota:
    """Subscriptions that are shared by several clients, at most `limit` in all."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0


@final
class ClientLimits:
    """`robustmq_common.spi.limits.ClientLimits`.

    messages, sizes: the buckets that every message takes one token from, and one for each byte.
    subscriptions: how many all clients of the user may have; None for any number.
    """

    def __init__(
        self,
        messages: list[TokenBucket],
        sizes: list[TokenBucket],
        drops_qos0: bool,
        max_subscriptions: int,
        max_topic_levels: int,
        subscriptions: Quota | None,
        dropped: Callable[[], None],
    ) -> None:
        self.drops_qos0 = drops_qos0
        self.max_topic_levels = max_topic_levels
        self._messages = [Claim(bucket) for bucket in messages]
        self._sizes = [Claim(bucket) for bucket in sizes]
        self._max_subscriptions = max_subscriptions
        self._subscriptions = subscriptions
        self._counted = 0
        self._dropped = dropped
        self._lacking: Claim | None = None

    def take(self, size: int) -> bool:
        """Whether a message of `size` bytes may be handled now; if so, it counts."""
        for claim in self._messages:
            if not claim.covers(1.0):
                self._lacking = claim
                return False
        for claim in self._sizes:
            if not claim.covers(float(size)):
                self._lacking = claim
                return False
        for claim in self._messages:
            claim.credit -= 1.0
        for claim in self._sizes:
            claim.credit -= float(size)
        return True

    def wait(self, resume: Callable[[], None]) -> None:
        """Call back once, when what `take` has refused may be tried again."""
        if self._lacking is not None:
            self._lacking.wait(resume)

    def dropped(self) -> None:
        """Count a message of QoS 0 that was not handled for want of tokens."""
        self._dropped()

    def grants_subscription(self, count: int) -> bool:
        """Whether a client with `count` subscriptions may have another; if so, it counts."""
        self.subscribed(count)
        if self._max_subscriptions and count >= self._max_subscriptions:
            return False
        quota = self._subscriptions
        if quota is not None and quota.used >= quota.limit:
            return False
        self.subscribed(count + 1)
        return True

    def subscribed(self, count: int) -> None:
        """Tell how many subscriptions the client has now."""
        if self._subscriptions is not None:
            self._subscriptions.used += count - self._counted
        self._counted = count

    def close(self) -> None:
        """The connection has ended: nothing is held or waited for any more."""
        self.subscribed(0)
        for claim in self._messages:
            claim.close()
        for claim in self._sizes:
            claim.close()
