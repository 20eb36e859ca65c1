"""[D] Collects what one turn of the event loop writes into one commit.

    write, write, when_committed -> end of the turn -> commit -> callbacks, in the order asked

Only one commit is in flight; what is written meanwhile is the next batch. So commits reach the
adapter in the order of the writes, and a slow one makes the next larger instead of more.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from robustmq_common.errors import BugError, StorageError
from robustmq_common.spi.services import Log, Metrics
from robustmq_common.spi.storage import Delete, Operation, Put, StorageAdapter, WriteBatch

_KEYED = (Put, Delete)

Committed = Callable[[Exception | None], None]
Done = Callable[[Any, Exception | None], None]


class GroupCommit:
    """The `Storage` of the broker.

    soon: calls back at the end of this turn of the event loop.
    run: drives a coroutine and calls back with its result or its error; may do so at once.

    Counts `storage.commits`, `storage.operations` and `storage.commits.failed`.
    """

    def __init__(
        self,
        adapter: StorageAdapter,
        soon: Callable[[Callable[[], None]], None],
        run: Callable[[Coroutine[Any, Any, Any], Done], None],
        metrics: Metrics,
        log: Log,
    ) -> None:
        self.adapter = adapter
        self._soon = soon
        self._run = run
        self._metrics = metrics
        self._log = log
        self._scheduled = False
        self.batch = 0
        # The batch that collects, and who waits for it.
        self._open: list[Operation] = []
        self._open_callbacks: list[Committed] = []
        # The batch that the adapter has, and who waits for it.
        self._committing = False
        self._in_flight = 0
        self._in_flight_callbacks: list[Committed] = []

    def write(self, operation: Operation) -> None:
        """Add to the batch that is committed at the end of this turn.

        Raises BugError for a compare-and-set: its failure would take down everyone else's writes
        in the batch. Such a write goes to `adapter.commit` in a batch of its own.
        """
        if isinstance(operation, _KEYED) and operation.expected is not None:
            message = (
                f"a write to shard {operation.shard!r} with an expected value was given to "
                "Storage.write; commit it with Storage.adapter.commit"
            )
            raise BugError(message)
        self._open.append(operation)
        if not self._scheduled:
            self._scheduled = True
            self._soon(self._flush)

    def pending(self) -> bool:
        """Whether anything has been written that is not committed yet.

        Also by earlier turns: an acknowledgement that overtook theirs would be out of order.
        """
        return bool(self._open) or self._committing

    def backlog(self) -> int:
        """Operations that are not committed yet, for the broker to push back when it grows."""
        return len(self._open) + self._in_flight

    def when_committed(self, done: Committed) -> None:
        """Call back when all that has been written so far is as durable as promised.

        With the StorageError of its commit, if that failed. At once, if nothing waits.
        """
        if self._open:
            self._open_callbacks.append(done)
        elif self._committing:
            self._in_flight_callbacks.append(done)
        else:
            self._call(done, None)

    async def drain(self) -> None:
        """Return when nothing is left to commit, including what callbacks write meanwhile."""
        while self._open or self._committing:
            drained = asyncio.get_running_loop().create_future()
            self.when_committed(partial(_release, drained))
            await drained

    def _flush(self) -> None:
        self._scheduled = False
        if self._committing or not self._open:
            return
        operations, self._open = self._open, []
        self.batch += 1
        self._in_flight_callbacks, self._open_callbacks = self._open_callbacks, []
        self._in_flight = len(operations)
        self._committing = True
        self._metrics.count("storage.commits")
        self._metrics.count("storage.operations", len(operations))
        self._run(self._commit(operations), self._committed)

    async def _commit(self, operations: list[Operation]) -> None:
        # In a coroutine of its own, whatever a plugin's adapter does wrong ends in `_committed`.
        await self.adapter.commit(WriteBatch(operations))

    def _committed(self, _result: None, error: Exception | None) -> None:
        failure = None if error is None else self._failure(error)
        self._in_flight = 0
        callbacks, self._in_flight_callbacks = self._in_flight_callbacks, []
        for done in callbacks:
            self._call(done, failure)
        # Who asked during these calls, with nothing written since, waits for nobody but them.
        while self._in_flight_callbacks:
            callbacks, self._in_flight_callbacks = self._in_flight_callbacks, []
            for done in callbacks:
                self._call(done, None)
        self._committing = False
        if self._open and not self._scheduled:
            self._scheduled = True
            self._soon(self._flush)

    def _failure(self, error: Exception) -> StorageError:
        self._metrics.count("storage.commits.failed")
        fields = {} if isinstance(error, StorageError) else {"exc_info": error}
        self._log.error(
            "commit failed; what it held is not stored",
            adapter=self.adapter.name,
            operations=self._in_flight,
            reason=str(error) or type(error).__name__,
            **fields,
        )
        if isinstance(error, StorageError):
            return error
        failure = StorageError(f"commit by the storage adapter {self.adapter.name}: {error!r}")
        failure.__cause__ = error
        return failure

    def _call(self, done: Committed, error: Exception | None) -> None:
        try:
            done(error)
        except Exception as raised:  # noqa: BLE001 - logged with its traceback
            # A bug in one callback must not cost the others their acknowledgement.
            self._log.error("a callback after a commit failed", exc_info=raised)


def _release(future: "asyncio.Future[None]", _error: Exception | None) -> None:
    # The one who drains may have been cancelled.
    if not future.done():
        future.set_result(None)
