"""The socket under `WireClient`: any bytes out, whole packets in, a deadline on every wait."""

import select
import socket
import struct
import time
from collections import deque
from types import TracebackType
from typing import Final, Self, TypeVar

from wire import code
from wire.packets import Disconnect, Packet, WireError, read

DEADLINE: Final = 10.0
"""Seconds any single wait may take before the test fails."""

PacketT = TypeVar("PacketT", bound=Packet)


class Closed(WireError):
    """The server closed the connection while a packet was waited for."""


Address = tuple[str, int] | socket.socket
"""Where to connect to by TCP, or a socket that is connected already."""


class WireConnection:
    """One connection to a server at ``address``, whose packets are read as ``level``."""

    def __init__(self, address: Address, level: int, deadline: float = DEADLINE) -> None:
        self.level = level
        self.deadline = deadline
        if isinstance(address, socket.socket):
            self.sock = address
            self.sock.settimeout(deadline)
        else:
            self.sock = socket.create_connection(address, timeout=deadline)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.local = self.sock.getsockname()
        self.pending: deque[Packet] = deque()
        self._buffer = bytearray()
        self._eof = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def peer(self) -> str:
        """This end of the connection as the server sees it: ``"127.0.0.1:50312"``."""
        return f"{self.local[0]}:{self.local[1]}"

    # Sending.

    def send(self, data: bytes) -> None:
        """Send bytes as they are; a connection that the server has closed is left to be read."""
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            # What the server said before it closed is still to be read.
            return

    def send_bytewise(self, data: bytes) -> None:
        """Send one byte per segment."""
        for at in range(len(data)):
            self.send(data[at : at + 1])

    # Receiving.

    def packet(self, deadline: float | None = None) -> Packet:
        """The next packet; fails when the connection ends or the deadline passes."""
        if self.pending:
            return self.pending.popleft()
        return self.receive_packet(deadline)

    def expect(self, kind: type[PacketT], deadline: float | None = None) -> PacketT:
        """The next packet, which must be of that kind."""
        packet = self.packet(deadline)
        assert type(packet) is kind, f"{packet} came, {kind.__name__} was expected"
        return packet

    def await_packet(self, kind: type[PacketT]) -> PacketT:
        """The next packet of that kind; those before it stay in line for `packet`."""
        for at, packet in enumerate(self.pending):
            if isinstance(packet, kind):
                del self.pending[at]
                return packet
        while True:
            packet = self.receive_packet()
            if isinstance(packet, kind):
                return packet
            self.pending.append(packet)

    def expect_closed(self, deadline: float | None = None) -> None:
        """The server closes the connection and sends nothing before it does."""
        try:
            packet = self.packet(deadline)
        except Closed:
            return
        raise AssertionError(f"{packet} came, a close was expected")

    def expect_disconnect(self, *reasons: int, deadline: float | None = None) -> Disconnect:
        """5.0: DISCONNECT with one of the reason codes, then a close."""
        packet = self.expect(Disconnect, deadline)
        wanted = " or ".join(f"0x{reason:02x}" for reason in reasons)
        assert packet.reason in reasons, f"DISCONNECT 0x{packet.reason:02x}, not {wanted}"
        self.expect_closed()
        return packet

    def expect_refused(self, *reasons: int) -> None:
        """The server ends the connection: 5.0 with DISCONNECT of a reason, before that bare."""
        if self.level == code.V5:
            self.expect_disconnect(*reasons)
        else:
            self.expect_closed()

    def bytes_to_end(self) -> bytes:
        """Everything the server sends until it closes the connection, unread."""
        end = time.monotonic() + self.deadline
        while not self._eof:
            self._fill(end)
        data = bytes(self._buffer)
        self._buffer.clear()
        return data

    # Ending.

    def drop(self) -> None:
        """End without DISCONNECT; returns when the server has closed its side too."""
        self.sock.shutdown(socket.SHUT_WR)
        self.await_end()

    def reset(self) -> None:
        """End with a TCP reset, as a crashed host does."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self.sock.close()

    def await_end(self) -> None:
        """Return when the server has closed the connection, whatever it sends before."""
        try:
            while True:
                self.receive_packet()
        except Closed:
            self.close()

    def receive_packet(self, deadline: float | None = None) -> Packet:
        """The next packet from the socket, past those in line."""
        end = time.monotonic() + (self.deadline if deadline is None else deadline)
        while True:
            framed = self._framed()
            if framed is not None:
                return framed
            if self._eof:
                left = bytes(self._buffer)
                assert not left, f"the server closed within a packet: {left.hex(' ')}"
                raise Closed("the server closed the connection")
            self._fill(end)

    def _fill(self, end: float) -> None:
        left = end - time.monotonic()
        if left <= 0 or not select.select([self.sock], [], [], left)[0]:
            raise WireError(f"nothing came in time on {self.peer}")
        try:
            data = self.sock.recv(65536)
        except ConnectionResetError:
            data = b""
        self._eof = not data
        self._buffer += data

    def _framed(self) -> Packet | None:
        frame = take_frame(self._buffer)
        return None if frame is None else read(self.level, *frame)


def take_frame(buffer: bytearray) -> tuple[int, bytes] | None:
    """Take the first whole packet off the buffer: its first byte and its body."""
    length = 0
    for at in range(1, 5):
        if at >= len(buffer):
            return None
        length |= (buffer[at] & 0x7F) << (7 * (at - 1))
        if buffer[at] < 0x80:
            break
    else:
        raise WireError(f"remaining length has a fifth byte: {bytes(buffer[:6]).hex(' ')}")
    if at > 1 and not buffer[at]:
        raise WireError("remaining length is longer than needed")
    whole = at + 1 + length
    if len(buffer) < whole:
        return None
    first_byte, body = buffer[0], bytes(buffer[at + 1 : whole])
    del buffer[:whole]
    return first_byte, body
