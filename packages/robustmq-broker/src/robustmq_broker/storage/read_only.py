"""[D] What a snapshot refuses, whatever adapter it is of."""

from typing import NoReturn

from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import StorageAdapter, WriteBatch


class ReadOnly(StorageAdapter):
    """To derive from before the adapter: makes its writing methods raise StorageError."""

    async def commit(self, batch: WriteBatch) -> list[int]:
        self._refuse("commit", batch.operations[0].shard if batch.operations else "")

    async def sync(self) -> None:
        self._refuse("sync")

    async def sweep(self) -> bool:
        self._refuse("sweep")

    async def compact(self) -> None:
        self._refuse("compact")

    async def snapshot(self) -> StorageAdapter:
        self._refuse("snapshot")

    def _refuse(self, operation: str, shard: str = "") -> NoReturn:
        message = f"{operation} of shard {shard!r}: this is a snapshot of the {self.name} storage"
        raise StorageError(f"{message}, which can only be read")
