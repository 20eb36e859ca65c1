"""An MQTT client of a `MemoryBroker`: sends well-formed packets, reads the answers strictly."""

import itertools
from collections.abc import Iterable, Sequence
from typing import TypeVar, Unpack

from memory_broker import MemoryBroker, RawClient
from wire import code, encode, prop
from wire.encode import ConnectOptions
from wire.packets import (
    Ack,
    Connack,
    Packet,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Unsuback,
    read,
)

PacketT = TypeVar("PacketT", bound=Packet)
Filter = str | tuple[str, int]


def split(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """(first byte, body) of each whole packet in `data`, and what is left."""
    found: list[tuple[int, bytes]] = []
    pos = 0
    while pos + 1 < len(data):
        length = 0
        at = pos + 1
        for place in range(4):
            if at >= len(data):
                return found, data[pos:]
            length |= (data[at] & 0x7F) << 7 * place
            at += 1
            if data[at - 1] < 0x80:
                break
        if at + length > len(data):
            break
        assert at == pos + 2 or data[at - 1], "remaining length is longer than needed"
        found.append((data[pos], data[at : at + length]))
        pos = at + length
    return found, data[pos:]


class MemoryClient:
    """A client that speaks one protocol level; what it has received is read by `packets`."""

    def __init__(self, broker: MemoryBroker, level: int = code.V5) -> None:
        self.broker = broker
        self.level = level
        self.raw: RawClient = broker.connect_raw()
        self.client_id = ""
        self._ids = itertools.cycle(range(1, 0x10000))
        self._rest = b""

    def send(self, *packets: bytes) -> None:
        for data in packets:
            self.raw.send(data)

    def packets(self) -> list[Packet]:
        """What has come since the last call, once the server is at rest."""
        found, self._rest = split(self._rest + self.raw.received())
        return [read(self.level, first_byte, body) for first_byte, body in found]

    def packet(self, kind: type[PacketT]) -> PacketT:
        """The one packet that has come, which is of that kind."""
        found = self.packets()
        assert len(found) == 1, f"{kind.__name__} was expected, {found} came"
        assert type(found[0]) is kind, f"{kind.__name__} was expected, {found[0]} came"
        return found[0]

    def publishes(self) -> list[Publish]:
        """The messages among what has come; nothing is acknowledged."""
        return [packet for packet in self.packets() if isinstance(packet, Publish)]

    def payloads(self) -> list[bytes]:
        return [packet.payload for packet in self.publishes()]

    @property
    def closed(self) -> bool:
        return self.raw.closed

    def refused(self) -> int:
        """The reason code of the DISCONNECT or CONNACK that came alone before the close."""
        found = self.packets()
        assert self.closed, f"still open after {found}"
        if not found:
            return 0
        assert len(found) == 1, found
        reason: int = getattr(found[0], "reason")  # noqa: B009 - DISCONNECT and CONNACK have it
        return reason

    def connect(self, client_id: str = "c", **options: Unpack[ConnectOptions]) -> Connack:
        """Send CONNECT and return the CONNACK; without a keep-alive unless one is given."""
        self.client_id = client_id
        options.setdefault("keep_alive", 0)
        self.send(encode.connect(self.level, client_id, **options))
        found = self.packets()
        assert found, "no CONNACK"
        connack = found[0]
        assert isinstance(connack, Connack), found
        # A resumed session may have had messages waiting: they are for the test.
        self._rest = b"".join(packet.raw for packet in found[1:]) + self._rest
        return connack

    def subscribe(self, *filters: Filter, properties: Iterable[prop.Pair] = ()) -> list[int]:
        """Subscribe, at QoS 0 unless an options byte is given; returns the codes of the SUBACK.

        Retained messages that come along are for the next call of `packets`.
        """
        pairs = [(one, 0) if isinstance(one, str) else one for one in filters]
        packet_id = next(self._ids)
        self.send(encode.subscribe(self.level, packet_id, pairs, properties))
        suback = self._answer(Suback)
        assert suback.packet_id == packet_id
        assert len(suback.reasons) == len(pairs)
        return list(suback.reasons)

    def unsubscribe(self, *filters: str) -> list[int]:
        packet_id = next(self._ids)
        self.send(encode.unsubscribe(self.level, packet_id, filters))
        return list(self._answer(Unsuback).reasons)

    def send_publish(
        self,
        topic: str,
        payload: bytes = b"",
        qos: int = 0,
        *,
        packet_id: int | None = None,
        retain: bool = False,
        dup: bool = False,
        properties: Sequence[prop.Pair] = (),
    ) -> int:
        """Send a PUBLISH; returns its packet identifier."""
        if qos and packet_id is None:
            packet_id = next(self._ids)
        self.send(
            encode.publish(
                self.level,
                topic,
                payload,
                qos=qos,
                packet_id=packet_id if qos else None,
                retain=retain,
                dup=dup,
                properties=properties,
            )
        )
        return packet_id or 0

    def publish(
        self,
        topic: str,
        payload: bytes = b"",
        qos: int = 0,
        *,
        retain: bool = False,
        properties: Sequence[prop.Pair] = (),
    ) -> int:
        """Publish through to the last acknowledgement; returns the reason code of the first."""
        packet_id = self.send_publish(topic, payload, qos, retain=retain, properties=properties)
        if qos == 0:
            self.broker.run_until_idle()
            return 0
        kind = {1: code.PUBACK, 2: code.PUBREC}[qos]
        answer = self._answer_of(kind, packet_id)
        if qos == 2 and answer < 0x80:
            self.ack(code.PUBREL, packet_id)
            self._answer_of(code.PUBCOMP, packet_id)
        return answer

    def ack(self, packet_type: int, packet_id: int | None, reason: int = 0) -> None:
        assert packet_id is not None
        self.send(encode.ack(self.level, packet_type, packet_id, reason))

    def take(self) -> list[Publish]:
        """All messages the server has for this client, acknowledged as their QoS asks."""
        taken: list[Publish] = []
        while found := self.packets():
            for packet in found:
                if isinstance(packet, Publish):
                    taken.append(packet)
                    if packet.qos:
                        self.ack(code.PUBACK if packet.qos == 1 else code.PUBREC, packet.packet_id)
                elif isinstance(packet, Pubrel):
                    self.ack(code.PUBCOMP, packet.packet_id)
                else:
                    raise AssertionError(f"{packet} came among the messages")  # noqa: TRY004
        return taken

    def disconnect(self, reason: int = 0, properties: Sequence[prop.Pair] | None = None) -> None:
        self.send(encode.disconnect(self.level, reason, properties))
        assert self.closed

    def drop(self) -> None:
        """Lose the connection without a DISCONNECT."""
        self.raw.drop()

    def _answer(self, kind: type[PacketT]) -> PacketT:
        """The first packet of a kind; the others are for the next call of `packets`."""
        found = self.packets()
        answers = [packet for packet in found if type(packet) is kind]
        assert answers, f"{kind.__name__} was expected, {found} came; closed: {self.closed}"
        self._rest = b"".join(packet.raw for packet in found if packet is not answers[0])
        answer = answers[0]
        assert isinstance(answer, kind)
        return answer

    def _answer_of(self, packet_type: int, packet_id: int) -> int:
        kinds: dict[int, type[Ack]] = {
            code.PUBACK: Puback,
            code.PUBREC: Pubrec,
            code.PUBCOMP: Pubcomp,
        }
        answer = self._answer(kinds[packet_type])
        assert answer.packet_id == packet_id
        return answer.reason


def join(
    broker: MemoryBroker,
    client_id: str = "c",
    level: int = code.V5,
    *,
    expiry: int = 0,
    **options: Unpack[ConnectOptions],
) -> MemoryClient:
    """A connected client; with an `expiry` in seconds it resumes its session, which lasts so long.

    Before 5.0 any `expiry` means Clean Session 0.
    """
    client = MemoryClient(broker, level)
    if expiry:
        options.setdefault("clean", False)
        if level == code.V5:
            given = options.get("properties", ())
            options["properties"] = [(prop.SESSION_EXPIRY_INTERVAL, expiry), *given]
    connack = client.connect(client_id, **options)
    assert connack.reason == 0, connack
    return client
