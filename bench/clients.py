"""MQTT clients on plain sockets, for scenarios: a few packets by hand, one client or thousands.

Connections are dropped with a reset (`drop`), so that thousands of them leave no ports in
TIME_WAIT and the next scenario finds as many as this one did.
"""

import errno
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from bench.scenario import V5, Deadline, ScenarioFailed

CONNACK: Final = 2
PUBLISH: Final = 3
SUBACK: Final = 9
PINGREQ: Final = b"\xc0\x00"

KEEP_ALIVE: Final = 600
"""Seconds, longer than any scenario; rumqttd lets nobody in without one."""

FIRST_FAILURE: Final = 0x80
"""Reason codes of a SUBACK from here on are failures."""


class Refused(Exception):
    """The broker answered, but not what a client hopes for."""


# -- packets ----------------------------------------------------------------------------------


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _packet(first: int, body: bytes) -> bytes:
    length = bytearray()
    rest = len(body)
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    length.append(rest)
    return bytes((first, *length)) + body


def connect_packet(client_id: str, level: int, keep_alive: int = KEEP_ALIVE) -> bytes:
    """CONNECT with Clean Session (Clean Start) and no credentials; keep_alive in seconds."""
    head = _text("MQTT") + bytes((level, 2)) + keep_alive.to_bytes(2, "big")
    return _packet(0x10, head + _properties(level) + _text(client_id))


def subscribe_packet(topic_filters: Iterable[str], qos: int, level: int) -> bytes:
    wanted = b"".join(_text(one) + bytes((qos,)) for one in topic_filters)
    return _packet(0x82, b"\0\1" + _properties(level) + wanted)


def publish_packet(topic: str, payload: bytes, qos: int = 0, *, retain: bool = False) -> bytes:
    """A PUBLISH of MQTT 3.1.1; above QoS 0 its packet identifier is 1."""
    packet_id = b"\0\1" if qos else b""
    return _packet(0x30 | qos << 1 | retain, _text(topic) + packet_id + payload)


def _properties(level: int) -> bytes:
    return b"\0" if level == V5 else b""


def packet_at(data: bytes | bytearray, at: int = 0) -> tuple[int, int, int] | None:
    """The type of the packet at a position, where its body starts and ends; None if it is cut."""
    length = shift = 0
    for used in range(at + 1, min(at + 5, len(data))):
        length |= (data[used] & 127) << shift
        shift += 7
        if data[used] < 128:
            end = used + 1 + length
            return (data[at] >> 4, used + 1, end) if end <= len(data) else None
    return None


def check_answer(data: bytes | bytearray) -> bool:
    """Whether this starts with a whole CONNACK or SUBACK; Refused if it says no."""
    packet = packet_at(data)
    if packet is None:
        return False
    kind, start, end = packet
    if kind == CONNACK:
        if data[start + 1]:
            raise Refused(f"it refuses a connection: 0x{data[start + 1]:02x}")
    elif kind == SUBACK:
        if data[end - 1] >= FIRST_FAILURE:
            raise Refused(f"it refuses a subscription: 0x{data[end - 1]:02x}")
    else:
        raise Refused(f"it answers with a packet of type {kind}")
    return True


# -- one client -------------------------------------------------------------------------------


def connect(port: int, client_id: str, level: int, seconds: float) -> socket.socket:
    """A connected client whose socket waits for up to `seconds`; OSError or Refused if not."""
    client = socket.create_connection(("127.0.0.1", port), seconds)
    try:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(connect_packet(client_id, level))
        _await(client)
    except BaseException:
        client.close()
        raise
    return client


def subscribe(client: socket.socket, topic_filter: str, qos: int, level: int) -> None:
    """Subscribe a client that has nothing else to read; OSError or Refused if that fails."""
    client.sendall(subscribe_packet([topic_filter], qos, level))
    _await(client)


def _await(client: socket.socket) -> None:
    answer = bytearray()
    while not check_answer(answer):
        got = client.recv(4096)
        if not got:
            raise ConnectionResetError("the broker closed the connection instead of an answer")
        answer += got


def drop(client: socket.socket) -> None:
    """Close without ceremony: the broker sees a reset."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


# -- thousands --------------------------------------------------------------------------------


@dataclass
class Crowd:
    """Connected clients, and how long each waited for its CONNACK, in seconds from connect()."""

    sockets: list[socket.socket] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def drop(self) -> None:
        for client in self.sockets:
            drop(client)


class _Newcomer:
    """A client on its way in: what it has yet to send, and what it has read."""

    __slots__ = ("answer", "began", "connected", "socket", "to_send")

    def __init__(self, port: int, to_send: list[bytes]) -> None:
        self.to_send = to_send
        self.answer = bytearray()
        self.connected = False
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.began = time.monotonic()
        status = self.socket.connect_ex(("127.0.0.1", port))
        if status not in {0, errno.EINPROGRESS}:
            raise ScenarioFailed(f"no connection: {errno.errorcode.get(status, status)}")


def open_crowd(
    port: int,
    count: int,
    packets: Callable[[int], list[bytes]],
    deadline: Deadline,
    at_once: int = 90,
) -> Crowd:
    """Connect `count` clients; client i sends packets(i), each after the answer to the one before.

    at_once: how many may be on their way in, below the smallest backlog among the brokers (100).
    Raises ScenarioFailed if the broker closes, refuses or is late.
    """
    crowd = Crowd()
    under_way: dict[int, _Newcomer] = {}
    begun = time.monotonic()
    opened = 0
    with select.epoll() as poller:
        try:
            while opened < count or under_way:
                while opened < count and len(under_way) < at_once:
                    newcomer = _Newcomer(port, packets(opened))
                    under_way[newcomer.socket.fileno()] = newcomer
                    poller.register(newcomer.socket, select.EPOLLOUT)
                    opened += 1
                done = len(crowd.sockets)
                left = deadline.left(f"{done:,} of {count:,} clients are connected")
                for number, _ in poller.poll(min(left, 1.0)):
                    if _advance(under_way[number], poller, crowd):
                        del under_way[number]
        except (OSError, Refused) as error:
            done = len(crowd.sockets)
            raise ScenarioFailed(f"after {done:,} of {count:,} clients: {error}") from error
        finally:
            for newcomer in under_way.values():
                drop(newcomer.socket)
            if opened < count or under_way:
                crowd.drop()
    crowd.seconds = time.monotonic() - begun
    return crowd


def _advance(newcomer: _Newcomer, poller: select.epoll, crowd: Crowd) -> bool:
    """Let a client go on; whether it has arrived."""
    if not newcomer.connected:
        newcomer.connected = True
        newcomer.socket.send(newcomer.to_send.pop(0))
        poller.modify(newcomer.socket, select.EPOLLIN)
        return False
    got = _read(newcomer.socket)
    newcomer.answer += got
    if not got or not check_answer(newcomer.answer):
        return False
    if newcomer.answer[0] >> 4 == CONNACK:
        crowd.waits.append(time.monotonic() - newcomer.began)
    newcomer.answer.clear()
    if newcomer.to_send:
        newcomer.socket.send(newcomer.to_send.pop(0))
        return False
    poller.unregister(newcomer.socket)
    crowd.sockets.append(newcomer.socket)
    return True


def _read(client: socket.socket) -> bytes:
    try:
        got = client.recv(4096)
    except BlockingIOError:
        return b""
    if not got:
        raise ConnectionResetError("the broker closed a connection")
    return got


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0
