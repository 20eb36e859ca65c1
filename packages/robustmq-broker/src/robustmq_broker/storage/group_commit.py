"""[H] Collects what one turn of the event loop writes into one commit.

    write, write, when_committed -> end of the turn -> commit -> callbacks, in the order asked
                                                         |
                                                         +-> sync -> callbacks of "fsync"

Only one commit is in flight; what is written meanwhile is the next batch. So commits reach the
adapter in the order of the writes, and a slow one makes the next larger instead of more. Syncs
likewise, but on their own: commits go on while one runs.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, final

from robustmq_common.errors import BugError, StorageError
from robustmq_common.spi.operations import Delete, Operation, Put, WriteBatch

if TYPE_CHECKING:
    from robustmq_common.spi.services import Log, Metrics
    from robustmq_common.spi.storage import StorageAdapter

Committed = Callable[[Exception | None], None]
Waiting = tuple[Committed, bool]
"""A callback, and whether it waits for a sync as well."""
Done = Callable[[Any, Exception | None], None]


@final
class GroupCommit:
    """The `Storage` of the broker.

    soon: calls back at the end of this turn of the event loop.
    run: drives a coroutine and calls back with its result or its error; may do so at once.

    Counts `storage.commits`, `storage.operations`, `storage.commits.failed`, `storage.syncs` and
    `storage.syncs.failed`.
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
        self._failing = ""
        self.batch = 0
        # The batch that collects, and who waits for it.
        self._open: list[Operation] = []
        self._open_callbacks: list[Waiting] = []
        # The batch that the adapter has, and who waits for it.
        self._committing = False
        self._in_flight = 0
        self._in_flight_callbacks: list[Waiting] = []
        # Whether anything was committed since the last sync began, who waits for the next one
        # (with the error of their commit, if that failed), and who for the one that runs.
        self._unsynced = False
        self._next_sync: list[tuple[Committed, StorageError | None]] = []
        self._syncing = False
        self._in_sync: list[tuple[Committed, StorageError | None]] = []

    def write(self, operation: Operation) -> None:
        """Add to the batch that is committed at the end of this turn.

        Raises BugError for a compare-and-set: its failure would take down everyone else's writes
        in the batch. Such a write goes to `adapter.commit` in a batch of its own.
        """
        if isinstance(operation, Put | Delete) and operation.expected is not None:
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
        """Whether anything has been written that is not as durable yet as configured.

        Also by earlier turns: an acknowledgement that overtook theirs would be out of order.
        """
        if self._open or self._committing:
            return True
        return self.adapter.durability == "fsync" and (self._unsynced or self._syncing)

    def backlog(self) -> int:
        """Operations that are not committed yet, for the broker to push back when it grows."""
        return len(self._open) + self._in_flight

    def when_committed(self, done: Committed, durability: str = "") -> None:
        """Call back when all that has been written so far is as durable as `durability` says.

        With the StorageError of its commit or its sync, if that failed. At once, if nothing waits.
        durability: "memory", "os" or "fsync"; "" for that of the adapter.
        """
        syncs = (durability or self.adapter.durability) == "fsync"
        if self._open:
            self._open_callbacks.append((done, syncs))
        elif self._committing:
            self._in_flight_callbacks.append((done, syncs))
        elif syncs:
            self._when_synced(done, None)
        else:
            self._call(done, None)

    def is_busy(self) -> bool:
        """Whether anything is left to commit or being synced."""
        return bool(self._open) or self._committing or self._syncing

    def when_idle(self, done: Committed) -> None:
        """Call back when what is under way now is over; there may be more by then."""
        self.when_committed(done, "fsync" if self._syncing else "os")

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

    async def _sync_adapter(self) -> None:
        await self.adapter.sync()

    def _committed(self, _result: None, error: Exception | None) -> None:
        failure = None
        if error is None:
            self._unsynced = True
            self._succeeded("commit")
        else:
            what = "commit failed; what it held is not stored"
            failure = self._failure("commit", what, error, operations=self._in_flight)
        self._in_flight = 0
        callbacks, self._in_flight_callbacks = self._in_flight_callbacks, []
        self._answer(callbacks, failure)
        # Who asked during these calls, with nothing written since, waits for nobody but them.
        while self._in_flight_callbacks:
            callbacks, self._in_flight_callbacks = self._in_flight_callbacks, []
            self._answer(callbacks, None)
        self._committing = False
        if self._open and not self._scheduled:
            self._scheduled = True
            self._soon(self._flush)

    def _answer(self, callbacks: list[Waiting], failure: StorageError | None) -> None:
        for done, syncs in callbacks:
            if syncs:
                self._when_synced(done, failure)
            else:
                self._call(done, failure)

    def _when_synced(self, done: Committed, failure: StorageError | None) -> None:
        """Call back once what is committed is synced; or, if that failed, when it is one's turn."""
        if self._syncing:
            self._next_sync.append((done, failure))
        elif self._unsynced and failure is None:
            self._next_sync.append((done, None))
            self._sync()
        else:
            self._call(done, failure)

    def _sync(self) -> None:
        self._in_sync, self._next_sync = self._next_sync, []
        self._unsynced = False
        self._syncing = True
        self._metrics.count("storage.syncs")
        self._run(self._sync_adapter(), self._synced)

    def _synced(self, _result: None, error: Exception | None) -> None:
        failure = None
        if error is None:
            self._succeeded("sync")
        else:
            what = "sync failed; a power loss may take what was written"
            failure = self._failure("sync", what, error)
            self._unsynced = True
            # What was committed meanwhile builds upon what may be gone.
            self._in_sync += self._next_sync
            self._next_sync = []
        served, self._in_sync = self._in_sync, []
        while served:
            for done, own in served:
                self._call(done, own or failure)
            served = []
            if not self._unsynced:
                # Who has nothing to wait for but these.
                served, self._next_sync = self._next_sync, []
        self._syncing = False
        if self._next_sync:
            self._sync()

    def _succeeded(self, action: str) -> None:
        if self._failing == action:
            self._failing = ""
            self._log.info("storage works again", adapter=self.adapter.name)

    def _failure(self, action: str, event: str, error: Exception, **fields: object) -> StorageError:
        self._metrics.count(f"storage.{action}s.failed")
        if not isinstance(error, StorageError):
            fields["exc_info"] = error
        reason = str(error) or type(error).__name__
        # One line when it begins, one when it is over; the metrics count the rest.
        if not self._failing or "exc_info" in fields:
            self._log.error(event, adapter=self.adapter.name, reason=reason, **fields)
        self._failing = action
        if isinstance(error, StorageError):
            return error
        failure = StorageError(f"{action} by the storage adapter {self.adapter.name}: {error!r}")
        failure.__cause__ = error
        return failure

    def _call(self, done: Committed, error: Exception | None) -> None:
        try:
            done(error)
        except Exception as raised:  # noqa: BLE001 - logged with its traceback
            # A bug in one callback must not cost the others their acknowledgement.
            self._log.error("a callback after a commit failed", exc_info=raised)
