"""[D] Turns the timer wheel and refreshes the coarse clock, ten times a second."""

import asyncio
import time
from collections.abc import Callable

from robustmq_broker.clock import CoarseClock
from robustmq_broker.timer_wheel import TICK, Timer, TimerWheel
from robustmq_common.spi.services import Log


class TimerDriver:
    """The only place of the broker that asks what time it is."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.clock = CoarseClock(time.monotonic(), time.time())
        self.wheel = TimerWheel(self.clock.monotonic)
        self._handle: asyncio.TimerHandle | None = None

    def after(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return self.wheel.after(time.monotonic(), seconds, callback)

    def start(self) -> None:
        self.turn()

    def turn(self) -> None:
        """One tick: refresh the clock, fire what is due, ask for the next tick."""
        self._handle = asyncio.get_running_loop().call_later(TICK, self.turn)
        self.clock.monotonic = time.monotonic()
        self.clock.wall = time.time()
        for timer in self.wheel.advance(self.clock.monotonic):
            try:
                timer.fire()
            except Exception as error:
                # A bug in one callback must not stop the clock of everyone else.
                self.log.error("timer callback failed", exc_info=error)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
