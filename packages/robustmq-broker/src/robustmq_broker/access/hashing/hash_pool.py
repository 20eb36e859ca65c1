"""[D] Threads that check passwords: so many at a time, so many that wait, and no more."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from robustmq_broker.access.hashing.hashing_config import HashingConfig
from robustmq_common.errors import WorldError
from robustmq_common.spi.services import BrokerServices, Metrics

SECTION: Final = "password_hashing"
REFUSED: Final = "authentication.hashing.refused"

Result = TypeVar("Result")


class HashingBusy(WorldError):
    """As many passwords wait to be checked as may."""


class HashPool:
    """A broker's threads for passwords, which come into being with the first one."""

    def __init__(self, config: HashingConfig, metrics: Metrics) -> None:
        self.config = config
        self._metrics = metrics
        self._threads: ThreadPoolExecutor | None = None
        self._under_way = 0
        metrics.gauge("authentication.hashing.waiting", self._waiting)

    @classmethod
    def of(cls, services: BrokerServices) -> "HashPool":
        """The one of a broker."""
        return services.shared(cls, lambda: cls(services.section(SECTION), services.metrics))

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do the work in a thread. Raises HashingBusy, at once, if too many wait already."""
        config = self.config
        if self._under_way >= config.threads + config.max_waiting:
            self._metrics.count(REFUSED)
            raise HashingBusy(
                f"{config.max_waiting} passwords wait to be checked, as many as "
                f"{SECTION}.max_waiting allows"
            )
        if self._threads is None:
            self._threads = ThreadPoolExecutor(config.threads, "robustmq-hash")
        self._under_way += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._under_way -= 1

    def _waiting(self) -> int:
        return max(0, self._under_way - self.config.threads)

    def close(self) -> None:
        """Forget what waits; what is being hashed ends by itself."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
