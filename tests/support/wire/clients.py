"""Many clients of one server: made with one call, closed at the end of a test, and a clock."""

from types import TracebackType
from typing import Self, Unpack

import pytest

from wire import code, prop
from wire.client import WireClient, unique_topic
from wire.encode import ConnectOptions, Will

LEVEL_NAMES = {code.V31: "v31", code.V311: "v311", code.V5: "v5"}


def levels(*numbers: int) -> pytest.MarkDecorator:
    """Run a test that takes ``level`` for these protocol levels."""
    return pytest.mark.parametrize("level", numbers, ids=[LEVEL_NAMES[n] for n in numbers])


class Clients:
    """Makes clients of the server at ``address``; leaving the context closes them all."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address
        self._made: list[WireClient] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for client in self._made:
            client.close()

    def socket(self, level: int) -> WireClient:
        """A client that has not sent anything."""
        client = WireClient(self.address, level)
        self._made.append(client)
        return client

    def __call__(
        self, level: int, client_id: str | None = None, **options: Unpack[ConnectOptions]
    ) -> WireClient:
        """A connected client; a client id of None means a new unique one."""
        client = self.socket(level)
        client.connect(client_id, **options)
        return client

    def lasting(self, level: int, client_id: str | None = None) -> WireClient:
        """A connected client whose session outlives its connections (in 5.0 by five minutes)."""
        client = self.socket(level)
        client.connect(client_id, clean=False, properties=lasting_properties(level))
        return client

    def subscriber(self, level: int, *filters: str, qos: int = 2) -> WireClient:
        """A connected client with these subscriptions."""
        client = self(level)
        client.subscribe(*[(name, qos) for name in filters])
        return client

    def elapse(self, seconds: int) -> None:
        """Return when the server's own clock has moved on by ``seconds``.

        The server publishes a will that it has to delay for that long, so no test needs to sleep,
        and a timer that the server set before is due before this one.
        """
        topic = unique_topic()
        will = Will(topic, properties=[(prop.WILL_DELAY_INTERVAL, seconds)])
        expiry = [(prop.SESSION_EXPIRY_INTERVAL, seconds + 60)]
        with WireClient(self.address, code.V5, seconds + 20) as watcher:
            watcher.connect()
            watcher.subscribe(topic)
            with WireClient(self.address, code.V5) as leaver:
                leaver.connect(will=will, properties=expiry)
                leaver.drop()
            watcher.receive(topic)
            watcher.disconnect()


def lasting_properties(level: int) -> list[prop.Pair]:
    """What a CONNECT needs besides ``clean=False`` for its session to outlive the connection."""
    return [(prop.SESSION_EXPIRY_INTERVAL, 300)] if level == code.V5 else []
