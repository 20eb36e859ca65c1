"""[D] One client of a run: a socket, an MQTT connection, and the tally it adds to."""

import asyncio
import os
from collections.abc import Callable
from typing import Final, cast

from robustmq_cli.bench import transport
from robustmq_cli.bench.plan import Plan
from robustmq_cli.bench.tally import Counts, Errors
from robustmq_mqtt.client import (
    CONNECTED,
    PACKET_NAMES,
    V5,
    ClientConnection,
    Connack,
    Connect,
    Latency,
    Properties,
    Publish,
    Received,
    Receiver,
    Suback,
    TopicSubscription,
    reason_name,
)

SHARED: Final = "$share/"
FAILURE: Final = 0x80


class Surroundings:
    """What the clients of a process share.

    `received_more` is called when `received` has news, `wake` with the number of a publisher that
    may go on.
    """

    def __init__(self, plan: Plan, clock: Callable[[], int], received: Received) -> None:
        self.plan = plan
        self.clock = clock
        self.received = received
        self.received_more: Callable[[], None] = lambda: None
        self.wake: Callable[[int], None] = lambda _: None
        self.counts = Counts()
        self.errors = Errors()
        self.connect = Latency()
        self.acknowledge = Latency()
        self.open: set[BenchClient] = set()


class BenchClient(asyncio.Protocol):
    """A client that connects, subscribes if it has a filter, and counts what comes.

    `usable` says whether it has done that, and is not closed.
    """

    def __init__(self, around: Surroundings, role: str, number: int) -> None:
        plan = around.plan
        self.around = around
        self.role = role
        self.number = number
        self.topic_filter = plan.filter_of(role, number)
        self.usable = False
        self.leaving = False
        self.paused = False
        self.transport: asyncio.Transport | None = None
        self._ready: asyncio.Future[None] | None = None
        self._accepted = False
        self._lost = asyncio.Event()
        self._ping_at = 0.0
        # A shared subscription's members each get some of the messages: no order to look for.
        ordered = not self.topic_filter.startswith(SHARED)
        receiver = Receiver(around.received, ordered) if self.topic_filter else None
        self.client = ClientConnection(self, around.clock, around.acknowledge, receiver)

    # -- its life ------------------------------------------------------------------------------

    async def open(self) -> None:
        """Connect and subscribe; what goes wrong is counted, and then it is not `usable`."""
        self._ready = asyncio.get_running_loop().create_future()
        began = self.around.clock()
        plan = self.around.plan
        try:
            async with asyncio.timeout(plan.timeout):
                await transport.open_transport(plan.host, plan.port, lambda: self)
                await self._ready
        except TimeoutError:
            self._give_up("connection timed out" if self.transport is None else self._awaited())
        except OSError as error:
            self._give_up(transport.reason(error))
        else:
            if self._accepted:
                self.around.connect.add(began, self.around.clock())

    def leave(self) -> None:
        """Disconnect; `lost` tells when the socket is closed."""
        self.leaving = True
        self.usable = False
        self.client.disconnect()

    async def lost(self, seconds: float) -> None:
        """Wait until the socket is closed; cut it off if that takes longer."""
        if self.transport is None:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._lost.wait()
        except TimeoutError:
            self.transport.abort()

    def keep_alive(self, now: float) -> None:
        """Ping if it is time to, and end a connection that has not answered the last ping."""
        interval = self.around.plan.keep_alive
        if not self.usable or not interval or now < self._ping_at:
            return
        if self.client.awaits_pingresp:
            self.client.close("PINGRESP timeout")
            return
        self._ping_at = now + interval / 2
        self.client.ping()

    def _give_up(self, reason: str) -> None:
        if self.transport is None:
            self.around.errors.count(reason)
        else:
            self.client.close(reason)
            self.transport.abort()

    def _awaited(self) -> str:
        return "SUBACK timeout" if self._accepted else "CONNACK timeout"

    # -- what the socket says ------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = made = cast(asyncio.Transport, transport)
        self.around.open.add(self)
        self.client.connect(made, self._connect_packet())

    def data_received(self, data: bytes) -> None:
        self.client.data_received(data)
        if self.around.received.touched:
            self.around.received_more()

    def connection_lost(self, error: Exception | None) -> None:
        self._lost.set()
        self.around.open.discard(self)
        if isinstance(error, OSError):
            self.client.close(transport.reason(error))
        else:
            self.client.connection_lost()

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False

    # -- what the MQTT connection says ---------------------------------------------------------

    def connected(self, connack: Connack) -> None:
        plan = self.around.plan
        self._accepted = True
        self.around.counts.connected += 1
        if plan.keep_alive:
            self._ping_at = asyncio.get_running_loop().time() + plan.keep_alive / 2
        self.accepted(connack)
        if self.topic_filter:
            self.client.subscribe([TopicSubscription(self.topic_filter, plan.qos)])
        else:
            self._become_usable()

    def accepted(self, connack: Connack) -> None:
        """Called with the server's limits; for those who care."""

    def subscribed(self, suback: Suback) -> None:
        code = suback.reason_codes[0]
        if code >= FAILURE:
            name = reason_name(code)
            self.around.errors.count(f"SUBACK 0x{code:02x} {name}")
            self._settle()
            self.leave()
            return
        self.around.counts.subscribed += 1
        self._become_usable()

    def message(self, publish: Publish) -> None:  # noqa: ARG002 - part of the interface
        """Count a message to a client without a filter: it has a session from before."""
        self.around.counts.foreign += 1

    def acknowledged(self) -> None:
        """Called when messages are done with; for publishers."""

    def not_acknowledged(self, packet_type: int, _packet_id: int, reason_code: int) -> None:
        name = f"{PACKET_NAMES[packet_type]} 0x{reason_code:02x} {reason_name(reason_code)}"
        self.around.errors.count(name)

    def closed(self, reason: str) -> None:
        self.usable = False
        self._settle()
        if self.leaving:
            return
        if not self._accepted and reason == "closed by the server":
            reason = "closed by the server before CONNACK"
        self.around.errors.count(reason)

    def _become_usable(self) -> None:
        self.usable = self.client.state == CONNECTED
        self._settle()

    def _settle(self) -> None:
        if self._ready is not None and not self._ready.done():
            self._ready.set_result(None)

    def _connect_packet(self) -> Connect:
        plan = self.around.plan
        properties = None
        if plan.level == V5 and plan.session_expiry:
            properties = Properties()
            properties.session_expiry_interval = plan.session_expiry
        return Connect(
            plan.level,
            plan.id_of(self.role, self.number),
            plan.clean,
            plan.keep_alive,
            plan.username,
            None if plan.password is None else os.fsencode(plan.password),
            properties=properties,
        )
