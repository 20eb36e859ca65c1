"""Clients of a broker in memory that cost next to nothing: the broker is to be counted."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from memory_broker import ClientTransport, MemoryBroker
from robustmq_common.spi.pack import Connection
from wire import code, encode, prop

TOPIC: Final = "site/7/device/123/state"
PAYLOAD: Final = b"x" * 64
DAY: Final = 86_400


class Sink(ClientTransport):
    """A transport that remembers the last writes; writing is a call into C, as to a real socket.

    kept: those writes, the last of them at the end.
    """

    def __init__(self, broker: MemoryBroker) -> None:
        super().__init__(broker.loop, "127.0.0.1:50000")
        self.kept: deque[bytes] = deque(maxlen=64)
        self.write = self.kept.append  # type: ignore[method-assign,assignment]


class Peer:
    """A connected client.

    receive: gives the broker bytes from this client.
    """

    def __init__(
        self,
        broker: MemoryBroker,
        client_id: str,
        level: int = code.V311,
        *,
        durable: bool = False,
    ) -> None:
        self.broker = broker
        self.level = level
        self.transport = Sink(broker)
        self.connection: Connection = open_connection(broker, self.transport)
        self.receive: Callable[[bytes], None] = self.connection.data_received
        self.ask(connect(level, client_id, durable=durable), code.CONNACK)

    def subscribe(self, topic_filter: str, qos: int) -> None:
        self.ask(encode.subscribe(self.level, 1, [(topic_filter, qos)]), code.SUBACK)

    def publish(self, topic: str, payload: bytes = PAYLOAD, *, retain: bool = False) -> None:
        """Publish one message with QoS 0."""
        self.receive(encode.publish(self.level, topic, payload, retain=retain))
        self.broker.run_until_idle()

    def batch(self, qos: int, size: int) -> bytes:
        """`size` messages to TOPIC, with packet identifiers from 1 on."""
        return b"".join(
            encode.publish(self.level, TOPIC, PAYLOAD, qos=qos, packet_id=number if qos else None)
            for number in range(1, size + 1)
        )

    def ask(self, data: bytes, packet_type: int) -> None:
        """Send a packet that is answered with one write, which begins with such a packet."""
        self.transport.kept.clear()
        self.receive(data)
        self.broker.run_until_idle()
        kept = self.transport.kept
        assert len(kept) == 1, list(kept)
        assert kept[0][0] >> 4 == packet_type, kept[0]

    def last(self) -> bytes:
        """What the broker wrote last."""
        return self.transport.kept[-1]


class Answers:
    """Acknowledgements of a given type for messages or acknowledgements that were written at once.

    size: how many.
    """

    def __init__(self, packet_type: int, size: int) -> None:
        self._frames = bytearray(encode.ack(code.V311, packet_type, 1) * size)
        self._size = size

    def to_publishes(self, data: bytes) -> bytes:
        """To so many PUBLISH of TOPIC with PAYLOAD."""
        return self._to(data, 4 + len(TOPIC))

    def to_acks(self, data: bytes) -> bytes:
        """To so many acknowledgements in their short form."""
        return self._to(data, 2)

    def _to(self, data: bytes, identifier_at: int) -> bytes:
        every = len(data) // self._size
        # A different number of packets in `data` does not fit, and raises ValueError.
        self._frames[2::4] = data[identifier_at::every]
        self._frames[3::4] = data[identifier_at + 1 :: every]
        return bytes(self._frames)


def open_connection(broker: MemoryBroker, transport: ClientTransport) -> Connection:
    """A connection that is told of the end of its transport."""
    transport.connection = broker.pack.connection(transport)
    return transport.connection


def connect(level: int, client_id: str, *, durable: bool = False) -> bytes:
    """A CONNECT; a durable session outlives its connection."""
    properties: Sequence[prop.Pair] = ()
    if durable and level == code.V5:
        properties = [(prop.SESSION_EXPIRY_INTERVAL, DAY)]
    return encode.connect(level, client_id, clean=not durable, keep_alive=60, properties=properties)
