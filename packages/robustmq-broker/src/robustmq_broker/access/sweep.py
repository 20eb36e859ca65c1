"""[D] Has connected clients look at their subscriptions again, a few in each turn of the loop."""

from collections.abc import Callable, Iterator
from typing import Final

from robustmq_common.spi.pack import ConnectedClient
from robustmq_common.spi.services import Log

CLIENTS: Final = 50
"""Clients in one turn: with a few subscriptions each, a millisecond or two."""


class AccessSweep:
    """Goes over the clients; a change while it does makes it begin again."""

    def __init__(
        self,
        connected: Callable[[], Iterator[ConnectedClient]],
        soon: Callable[[Callable[[], None]], None],
        log: Log,
    ) -> None:
        self._connected = connected
        self._soon = soon
        self._log = log
        self._left: Iterator[ConnectedClient] | None = None

    def begin(self) -> None:
        """The rules changed."""
        under_way = self._left is not None
        self._left = self._connected()
        if not under_way:
            self._soon(self._go_on)

    def _go_on(self) -> None:
        left = self._left
        assert left is not None
        for _ in range(CLIENTS):
            client = next(left, None)
            if client is None:
                self._left = None
                return
            try:
                client.access_changed()
            except Exception as error:  # noqa: BLE001 - logged with its traceback
                self._log.error(
                    "bug: subscriptions could not be looked at; the client is disconnected",
                    client_id=client.client.client_id,
                    exc_info=error,
                )
                client.disconnect(0x87, "the rules have changed")
        self._soon(self._go_on)
