"""[D] What every listener has, whatever its transport: a name, a pack, connections and limits.

A transport is a subclass with `open` and `stop_accepting`, and an entry in `transports.py`.
"""

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from robustmq_broker.config import ListenerConfig
from robustmq_broker.listeners.connection_rate import ConnectionRate
from robustmq_broker.listeners.handshakes import Handshakes
from robustmq_broker.listeners.refusal_log import RefusalLog
from robustmq_common.spi.pack import ProtocolPack, Transport
from robustmq_common.spi.services import Log, Metrics, Timers


class Refusal(NamedTuple):
    """Why a peer may not connect: counted as `connections.refused.{counter}`."""

    counter: str
    reason: str


Gate = Callable[[str, str], Refusal | None]
"""Asked with (listener, peer) as soon as the address of a peer is known, before anything is made
for it; None lets it in."""


@dataclass(frozen=True, slots=True)
class ListenerSetup:
    """What a listener is made of."""

    name: str
    config: ListenerConfig
    pack: ProtocolPack
    log: Log
    metrics: Metrics
    timers: Timers
    gates: tuple[Gate, ...] = ()


class Listener:
    """A named place where clients of one pack connect."""

    def __init__(self, setup: ListenerSetup) -> None:
        self.name = setup.name
        self.config = setup.config
        self.pack = setup.pack
        self.log = setup.log
        self.metrics = setup.metrics
        self.timers = setup.timers
        self.gates = setup.gates
        self.accepting = False
        self.address = ""
        self.connections: set[Transport] = set()
        """All that take up a place, those in a handshake among them."""
        self.handshakes = Handshakes(setup.timers)
        self._refusals = RefusalLog(setup.name, setup.log, setup.timers)
        self._empty: asyncio.Event | None = None
        config = setup.config
        self._rate = (
            None
            if config.max_connection_rate is None
            else ConnectionRate(
                config.max_connection_rate,
                config.connection_burst or math.ceil(config.max_connection_rate),
                time.monotonic(),
            )
        )

    async def open(self) -> str:
        """Listen and accept; returns the address, with the port that was chosen for port 0.

        Raises `ListenError` if the address cannot be had, ConfigError if a key does not fit.
        """
        raise NotImplementedError

    def stop_accepting(self) -> None:
        """Accept nobody from now on; harmless if it is not open."""
        raise NotImplementedError

    async def reload(self) -> bool:
        """Read the files of certificates again; False if the transport has none.

        Connections that are open keep what they have. Raises ConfigError, and logs it, if the new
        files are not right; what was in force stays so.
        """
        return False

    def has_room(self, peer: str) -> bool:
        """Whether one more connection may be open now; if not, that is counted and logged."""
        limit = self.config.max_connections
        if len(self.connections) >= limit:
            reason = f"listeners.{self.name}.max_connections = {limit} is reached"
            self.refused("max_connections", peer, reason)
            return False
        if self._rate is not None and not self._rate.takes(time.monotonic()):
            rate = self.config.max_connection_rate
            reason = f"more than listeners.{self.name}.max_connection_rate = {rate:g} per second"
            self.refused("max_connection_rate", peer, reason)
            return False
        return True

    def admits(self, peer: str) -> bool:
        """Whether all gates let a peer in; if not, that is counted and logged."""
        for gate in self.gates:
            refusal = gate(self.name, peer)
            if refusal is not None:
                self.refused(refusal.counter, peer, refusal.reason)
                return False
        return True

    def refused(self, counter: str, peer: str, reason: str) -> None:
        """Count and log that a peer was turned away."""
        self.metrics.count(f"connections.refused.{counter}")
        self._refusals.note(peer, reason)

    def closed(self, connection: Transport) -> None:
        """A connection has ended; harmless for one that never took up a place."""
        self.connections.discard(connection)
        if self._empty is not None and not self.connections:
            self._empty.set()

    def disconnect_all(self) -> None:
        """Close every connection, as if its client had gone."""
        for connection in list(self.connections):
            connection.abort()

    async def wait_closed(self, seconds: float) -> None:
        """Wait for the connections to end by themselves; cut those that have not by then."""
        self.handshakes.abort_all()
        if self.connections:
            self._empty = asyncio.Event()
            try:
                await asyncio.wait_for(self._empty.wait(), seconds)
            except TimeoutError:
                self.disconnect_all()
            self._empty = None
