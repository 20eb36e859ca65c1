"""[P] Metrics of one of several storage adapters."""

from collections.abc import Callable

from robustmq_common.spi.services import Metrics


class AdapterMetrics:
    """Counts "storage.commits" of the adapter "object" as "storage.object.commits", and so on."""

    def __init__(self, metrics: Metrics, adapter: str) -> None:
        self._metrics = metrics
        self._prefix = f"storage.{adapter}."

    def count(self, name: str, amount: int = 1) -> None:
        self._metrics.count(self._own(name), amount)

    def gauge(self, name: str, read: Callable[[], int]) -> None:
        self._metrics.gauge(self._own(name), read)

    def snapshot(self) -> dict[str, int]:
        """Those of this adapter, by the names that were counted."""
        found = self._metrics.snapshot().items()
        return {
            name.replace(self._prefix, "storage.", 1): value
            for name, value in found
            if name.startswith(self._prefix)
        }

    def _own(self, name: str) -> str:
        return self._prefix + name.removeprefix("storage.")
