"""[D] Has the storage adapter forget what is expired or beyond its limits, a little at a time."""

from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

from robustmq_common.spi.services import Log, TimerHandle
from robustmq_common.spi.storage import StorageAdapter

PAUSE: Final = 0.1
"""Seconds until a sweep goes on that has not seen everything: others get their turn."""

Done = Callable[[Any, Exception | None], None]


class Timers(Protocol):
    """What a sweeper needs of the timers."""

    def after(self, seconds: float, callback: Callable[[], None], /) -> TimerHandle: ...


class Sweeper:
    """Calls `sweep` every `interval` seconds, and soon again while there is more to do.

    run: drives a coroutine and calls back with its result or its error.
    """

    def __init__(
        self,
        adapter: StorageAdapter,
        interval: float,
        timers: Timers,
        run: Callable[[Coroutine[Any, Any, Any], Done], None],
        log: Log,
    ) -> None:
        self._adapter = adapter
        self._interval = interval
        self._timers = timers
        self._run = run
        self._log = log
        self._failing = False
        timers.after(interval, self._sweep)

    def _sweep(self) -> None:
        self._run(self._adapter.sweep(), self._swept)

    def _swept(self, more: bool | None, error: Exception | None) -> None:
        if error is not None and not self._failing:
            # Once, not every few seconds as long as a disk is full.
            self._log.error(
                "storage sweep failed; expired records stay until one succeeds",
                adapter=self._adapter.name,
                reason=str(error),
            )
        self._failing = error is not None
        self._timers.after(PAUSE if more else self._interval, self._sweep)
