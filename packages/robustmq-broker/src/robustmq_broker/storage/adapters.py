"""[D] The storage adapters of one broker: opened together, closed together."""

from collections.abc import Iterator, Mapping

from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import StorageAdapter


class Adapters(Mapping[str, StorageAdapter]):
    """Adapters by their names, in the order in which they are opened; the default comes first."""

    def __init__(self, default: StorageAdapter, *others: StorageAdapter) -> None:
        self.default = default
        self._all = {adapter.name: adapter for adapter in (default, *others)}
        self._opened: list[StorageAdapter] = []

    def __getitem__(self, name: str) -> StorageAdapter:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    async def open(self) -> None:
        """Open all. Raises StorageError saying which one failed, with none left open."""
        try:
            for adapter in self._all.values():
                await self._open(adapter)
        except BaseException as failure:
            try:
                await self.close()
            except StorageError as another:
                failure.add_note(str(another))
            raise

    async def _open(self, adapter: StorageAdapter) -> None:
        try:
            await adapter.open()
        except StorageError as error:
            raise StorageError(f"storage adapter {adapter.name}: {error}") from error
        self._opened.append(adapter)

    async def close(self) -> None:
        """Close those that are open, the last one first; StorageError if that failed for any."""
        failures = []
        while self._opened:
            adapter = self._opened.pop()
            try:
                await adapter.close()
            except StorageError as error:
                failures.append(f"storage adapter {adapter.name}: {error}")
        if failures:
            raise StorageError("; ".join(failures))
