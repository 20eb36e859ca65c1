"""A client whose session outlives its connections, and the broker it is connected to."""

import asyncio
from collections.abc import Sequence
from typing import Final

from crash.world import DAY, World
from wire import Connack, Disconnect, Packet, Will, WireError, code, encode, prop
from wire.connection import take_frame
from wire.packets import read

SERVER_UNAVAILABLE: Final = 0x88

CONNACK_SECONDS: Final = 20.0
"""How long a broker that listens may take to answer CONNECT."""


class Link(asyncio.Protocol):
    """One connection of a client: bytes to packets and back."""

    def __init__(self, client: "Client") -> None:
        self.client = client
        self.transport: asyncio.Transport | None = None
        self.lost = asyncio.Event()
        self.greeted: asyncio.Future[Connack | None] = asyncio.get_running_loop().create_future()
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        try:
            while (frame := take_frame(self._buffer)) is not None:
                self._take(read(self.client.level, *frame))
        except WireError as error:
            self.client.violation(f"sent what no server may: {error}")
            self.abort()

    def _take(self, packet: Packet) -> None:
        if isinstance(packet, Connack):
            if packet.reason == code.SUCCESS:
                self.client.greeting(packet)
            if not self.greeted.done():
                self.greeted.set_result(packet)
        elif isinstance(packet, Disconnect):
            if packet.reason == code.SERVER_SHUTTING_DOWN:
                return
            self.client.violation(f"disconnected it with 0x{packet.reason:02x}")
        else:
            self.client.received(packet)

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()
        if not self.greeted.done():
            self.greeted.set_result(None)

    def send(self, data: bytes) -> None:
        if self.transport is not None and not self.lost.is_set():
            self.transport.write(data)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class Client:
    """A client with a session; subclasses say what it does with it.

    level: protocol level. expiry: Session Expiry Interval in seconds (5.0; before that Clean
    Session 0). Of one client, one connection at a time.
    """

    def __init__(self, world: World, name: str, level: int, expiry: int = DAY) -> None:
        self.world = world
        self.name = name
        self.level = level
        self.expiry = expiry
        self.will: Will | None = None
        self.receive_maximum = 0
        self.link: Link | None = None
        self.session_known = False
        """Whether the broker has acknowledged something that belongs to the session."""

    # -- for subclasses ------------------------------------------------------------------------

    async def live(self) -> None:
        """What the client does while it is connected; it may return early to leave."""
        assert self.link is not None
        await self.world.first_of([self.link.lost, self.world.ended], DAY)

    async def stay_away(self) -> None:
        """What it does between two connections."""

    def greeting(self, connack: Connack) -> None:
        """CONNACK has come; what follows it comes after."""
        self.check_session(present=connack.session_present)

    def received(self, packet: Packet) -> None:
        """Another packet has come."""

    # -- for all -------------------------------------------------------------------------------

    @property
    def online(self) -> bool:
        return self.link is not None and self.link.greeted.done() and not self.link.lost.is_set()

    def violation(self, what: str) -> None:
        self.world.ledger.violation(f"the broker, to {self.name}: {what}")

    def check_session(self, *, present: bool) -> None:
        """A session in which something was acknowledged is still there; forget it otherwise."""
        if self.session_known and not present:
            self.violation("has lost its session")
        self.session_known = present
        self.world.ledger.note_client(self.name, f"CONNACK, session present {int(present)}")

    async def run(self) -> None:
        """Connect whenever a broker is up, until the world ends."""
        world = self.world
        while not world.ended.is_set():
            await world.first_of([world.up, world.ended], DAY)
            if world.ended.is_set():
                break
            if await self.connect():
                await self.live()
            await self.leave()
            await self.stay_away()

    async def connect(self) -> bool:
        """Whether a broker let it in."""
        loop = asyncio.get_running_loop()
        try:
            _, link = await loop.create_connection(lambda: Link(self), *self.world.address)
        except OSError:
            # It has just died, or has not noticed yet that another is to come.
            await asyncio.sleep(0.01)
            return False
        self.link = link
        link.send(
            encode.connect(
                self.level,
                self.name,
                clean=False,
                keep_alive=0,
                will=self.will,
                properties=self._properties(),
            )
        )
        try:
            connack = await asyncio.wait_for(link.greeted, CONNACK_SECONDS)
        except TimeoutError:
            self.violation("gave no CONNACK")
            return False
        if connack is not None and self._is_stopping(connack):
            return False
        if connack is not None and connack.reason != code.SUCCESS:
            self.violation(f"refused its CONNECT with 0x{connack.reason:02x}")
            return False
        return connack is not None

    def _is_stopping(self, connack: Connack) -> bool:
        unavailable = {SERVER_UNAVAILABLE, code.SERVER_UNAVAILABLE}
        return connack.reason in unavailable and not self.world.up.is_set()

    def _properties(self) -> Sequence[prop.Pair]:
        if self.level != code.V5:
            return ()
        given: list[prop.Pair] = [(prop.SESSION_EXPIRY_INTERVAL, self.expiry)]
        if self.receive_maximum:
            given.append((prop.RECEIVE_MAXIMUM, self.receive_maximum))
        return given

    async def leave(self, *, politely: bool = False) -> None:
        """End the connection, with DISCONNECT or like a crashed host, and wait for its end."""
        if self.link is None:
            return
        link, self.link = self.link, None
        if politely and link.transport is not None:
            link.send(encode.disconnect(self.level))
            link.transport.close()
        else:
            link.abort()
        await link.lost.wait()

    def send(self, data: bytes) -> None:
        if self.link is not None:
            self.link.send(data)
