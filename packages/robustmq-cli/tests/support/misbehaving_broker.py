"""A broker that does what it is told to, right or wrong: for tests of what loads brokers."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from robustmq_mqtt.codec.acks import encode_ack
from robustmq_mqtt.codec.connect import encode_connack
from robustmq_mqtt.codec.decoder import decode_packet
from robustmq_mqtt.codec.disconnect_auth import encode_disconnect
from robustmq_mqtt.codec.fixed_header import frame_end
from robustmq_mqtt.codec.packets import (
    PINGRESP_FRAME,
    Ack,
    Connect,
    Disconnect,
    Packet,
    Ping,
    Subscribe,
)
from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.publish import Publish, encode_publish
from robustmq_mqtt.codec.subscribe import encode_suback
from robustmq_mqtt.codec.wire import PUBACK, PUBCOMP, PUBREC, PUBREL, V5

LARGEST = 1 << 20


@dataclass(frozen=True)
class Behaviour:
    """What is wrong with it; the default is a broker that is all right, for these few clients.

    connack, suback, puback: reason codes; None never answers. Every so many messages, counted over
    all: `drop` one, send it `twice`, or hold it back and send it after the next one (`late`). After
    so many messages, the connection they come from is closed: with a DISCONNECT (`disconnect`),
    without (`close`), or after `garbage`, or not read any more (`deaf`). `pings`: whether they are
    answered. `hangs_up`: as soon as somebody has connected.
    """

    connack: int | None = 0
    suback: int | None = 0
    puback: int | None = 0
    drop: int = 0
    twice: int = 0
    late: int = 0
    disconnect: int = 0
    close: int = 0
    garbage: int = 0
    deaf: int = 0
    pings: bool = True
    hangs_up: bool = False
    receive_maximum: int | None = None


class Client(asyncio.Protocol):
    """One connection."""

    def __init__(self, broker: "MisbehavingBroker") -> None:
        self.broker = broker
        self.version = 0
        self.filters: list[str] = []
        self._rest = b""
        self._packet_id = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.broker.clients.append(self)
        if self.broker.behaviour.hangs_up:
            transport.close()

    def connection_lost(self, _error: Exception | None) -> None:
        self.broker.clients.remove(self)

    def data_received(self, data: bytes) -> None:
        self._rest += data
        pos = 0
        while pos < len(self._rest) and not self.transport.is_closing():
            end = frame_end(self._rest, pos, len(self._rest), LARGEST, self.version)
            if end == 0:
                break
            self._packet(decode_packet(self._rest, pos, end, self.version))
            pos = end
        self._rest = self._rest[pos:]

    def _packet(self, packet: Packet | Publish) -> None:
        behaviour = self.broker.behaviour
        if isinstance(packet, Connect):
            self._connect(packet)
        elif isinstance(packet, Subscribe):
            self.filters += [one.topic_filter for one in packet.subscriptions]
            if behaviour.suback is not None:
                codes = [behaviour.suback] * len(packet.subscriptions)
                answer = encode_suback(packet.packet_id, codes, None, self.version)
                self.transport.write(answer)
        elif isinstance(packet, Publish):
            self._publish(packet)
        elif isinstance(packet, Ack):
            self._ack(packet)
        elif isinstance(packet, Ping) and behaviour.pings:
            self.transport.write(PINGRESP_FRAME)
        elif isinstance(packet, Disconnect):
            self.transport.close()

    def _connect(self, packet: Connect) -> None:
        self.version = packet.version
        behaviour = self.broker.behaviour
        self.broker.connects.append(packet)
        if behaviour.connack is None:
            return
        properties = None
        if behaviour.receive_maximum is not None:
            properties = Properties()
            properties.receive_maximum = behaviour.receive_maximum
        self.transport.write(encode_connack(False, behaviour.connack, properties, self.version))
        if behaviour.connack:
            self.transport.close()

    def _publish(self, packet: Publish) -> None:
        code = self.broker.behaviour.puback
        if packet.qos and code is not None:
            answer = PUBACK if packet.qos == 1 else PUBREC
            self.transport.write(encode_ack(answer, packet.packet_id, code, None, self.version))
        self.broker.forward(packet)
        count = self.broker.messages
        behaviour = self.broker.behaviour
        if count == behaviour.disconnect:
            self.transport.write(encode_disconnect(0x8B, None, V5))
            self.transport.close()
        elif count == behaviour.close:
            self.transport.close()
        elif count == behaviour.garbage:
            self.transport.write(b"\x00\x00")
        elif count == behaviour.deaf:
            self.transport.pause_reading()

    def _ack(self, packet: Ack) -> None:
        if packet.packet_type == PUBREC:
            self.transport.write(encode_ack(PUBREL, packet.packet_id, 0, None, self.version))
        elif packet.packet_type == PUBREL:
            self.transport.write(encode_ack(PUBCOMP, packet.packet_id, 0, None, self.version))

    def deliver(self, packet: Publish) -> None:
        """Send a message to this client, under the QoS it came with."""
        self._packet_id = self._packet_id % 65_535 + 1
        frame = encode_publish(
            *(packet.topic_bytes, packet.payload, packet.qos),
            packet_id=self._packet_id,
            version=self.version,
        )
        self.transport.write(frame)


class MisbehavingBroker:
    """A server on a free port of 127.0.0.1, in a thread of its own."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.port = 0
        self.clients: list[Client] = []
        self.connects: list[Connect] = []
        self.messages = 0
        self._held: Publish | None = None

    def forward(self, packet: Publish) -> None:
        """Send a message on, or do what is wrong with it."""
        self.messages += 1
        behaviour = self.behaviour

        def is_turn(every: int) -> bool:
            return every > 0 and self.messages % every == 0

        held, self._held = self._held, None
        if is_turn(behaviour.late):
            self._held = packet
        elif not is_turn(behaviour.drop):
            self._deliver(packet)
            if is_turn(behaviour.twice):
                self._deliver(packet)
        if held is not None:
            self._deliver(held)

    def _deliver(self, packet: Publish) -> None:
        topic = packet.topic_bytes.decode().split("/")
        for client in self.clients:
            for one in client.filters:
                levels = one.split("/")
                if len(levels) == len(topic) and all(
                    level in ("+", name) for level, name in zip(levels, topic, strict=True)
                ):
                    client.deliver(packet)

    async def _serve(self, started: threading.Event, stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Client(self), "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await stop.wait()
        # What is being accepted takes a few turns of the loop to get here; a server that is closed
        # meanwhile forgets it.
        for _ in range(20):
            await asyncio.sleep(0)
        server.close()
        for client in self.clients:
            client.transport.abort()
        await asyncio.sleep(0)
        await server.wait_closed()

    @contextlib.contextmanager
    def running(self) -> Iterator["MisbehavingBroker"]:
        """Serve for the time of a `with` block."""
        started = threading.Event()
        stop = asyncio.Event()
        loop = asyncio.new_event_loop()

        def serve() -> None:
            loop.run_until_complete(self._serve(started, stop))
            loop.close()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            assert started.wait(10)
            yield self
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
