"""[P] Connections of a listener that are not the pack's yet, and the time each of them has left."""

from collections.abc import Callable

from robustmq_common.spi.pack import Transport
from robustmq_common.spi.services import Timers


class Handshake:
    """One connection in a handshake; `end` it when it is done, or the connection lost."""

    __slots__ = ("_handshakes", "_timer", "transport")

    def __init__(
        self,
        handshakes: "Handshakes",
        transport: Transport,
        seconds: float,
        timed_out: Callable[[], None],
    ) -> None:
        self._handshakes = handshakes
        self.transport = transport
        self._timer = handshakes.timers.after(seconds, timed_out)

    def end(self) -> None:
        self._timer.cancel()
        self._handshakes.running.discard(self)


class Handshakes:
    """Those that run. A shutdown need not wait for them: no pack has promised them anything."""

    def __init__(self, timers: Timers) -> None:
        self.timers = timers
        self.running: set[Handshake] = set()

    def begin(
        self, transport: Transport, seconds: float, timed_out: Callable[[], None]
    ) -> Handshake:
        """Call `timed_out` after `seconds`, unless the handshake ends before."""
        handshake = Handshake(self, transport, seconds, timed_out)
        self.running.add(handshake)
        return handshake

    def abort_all(self) -> None:
        for handshake in list(self.running):
            handshake.transport.abort()
