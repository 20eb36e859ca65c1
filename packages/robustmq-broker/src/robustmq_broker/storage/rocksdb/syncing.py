"""[D] Group commit: everyone who waits while one fsync runs shares the next one."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor

from robustmq_common.errors import StorageError

Waiter = asyncio.Future[None]


class GroupSync:
    """Runs `sync` in a thread, one at a time.

    failed: told of the error of a sync, before those who waited for it are.
    """

    def __init__(
        self, sync: Callable[[], None], thread: Executor, failed: Callable[[StorageError], None]
    ) -> None:
        self._sync = sync
        self._thread = thread
        self._failed = failed
        self._waiting: list[Waiter] = []
        self._running = False
        self.syncs = 0

    async def join(self) -> None:
        """Return when what has been written so far is on the disk. Raises StorageError."""
        loop = asyncio.get_running_loop()
        waiter: Waiter = loop.create_future()
        self._waiting.append(waiter)
        if not self._running:
            self._start(loop)
        await waiter

    async def drain(self) -> None:
        """Return when nobody waits any more."""
        while self._running:
            try:
                await self.join()
            except StorageError:
                # Told to those who wrote; there is nothing of one's own to lose.
                continue

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._running = True
        self.syncs += 1
        served, self._waiting = self._waiting, []
        running = loop.run_in_executor(self._thread, self._sync)
        running.add_done_callback(lambda ended: self._ended(loop, served, ended))

    def _ended(self, loop: asyncio.AbstractEventLoop, served: list[Waiter], ended: Waiter) -> None:
        self._running = False
        error = ended.exception()
        if error is not None:
            # What was written meanwhile builds upon what may be gone now.
            served += self._waiting
            self._waiting = []
            failure = error if isinstance(error, StorageError) else StorageError(repr(error))
            self._failed(failure)
            for waiter in served:
                if not waiter.done():
                    waiter.set_exception(StorageError(str(failure)))
            return
        for waiter in served:
            if not waiter.done():
                waiter.set_result(None)
        if self._waiting:
            self._start(loop)
