"""[D] Who waits for a shard's log to grow: woken by the commit, nobody polls."""

import asyncio

from robustmq_common.errors import StorageError


class Waiters:
    """The waiting side of `StorageAdapter.wait_for_change`.

    adapter: the name of the adapter, for the error that a close sends.
    """

    def __init__(self, adapter: str) -> None:
        self._adapter = adapter
        self._waiting: dict[str, list[tuple[int, asyncio.Future[None]]]] = {}

    def __contains__(self, shard: str) -> bool:
        return shard in self._waiting

    async def wait(self, shard: str, end: int) -> None:
        """Return when the end of the log is beyond `end`; StorageError when storage is closed."""
        waiter = (end, asyncio.get_running_loop().create_future())
        self._waiting.setdefault(shard, []).append(waiter)
        try:
            await waiter[1]
        finally:
            waiters = self._waiting.get(shard)
            if waiters is not None and waiter in waiters:
                waiters.remove(waiter)
                if not waiters:
                    del self._waiting[shard]

    def wake(self, shard: str, end: int) -> None:
        """The log of a shard now ends at `end`."""
        for known, future in self._waiting.get(shard, ()):
            if end > known and not future.done():
                future.set_result(None)

    def close(self) -> None:
        """Nothing will come any more."""
        waiting, self._waiting = self._waiting, {}
        for shard, waiters in waiting.items():
            for _, future in waiters:
                if not future.done():
                    future.set_exception(not_open(self._adapter, "wait_for_change", shard))


def not_open(adapter: str, operation: str, shard: str) -> StorageError:
    """The error of an operation before `open` or after `close`."""
    return StorageError(f"{operation} of shard {shard!r}: the {adapter} storage is not open")
