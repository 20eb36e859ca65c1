"""A blocking MQTT client for tests: whole exchanges, each checked, none waiting by sleeping.

"Nothing arrived" is shown by a PINGREQ: a server answers in order, so whatever it had for this
client before the ping comes before the PINGRESP. When the cause is on another connection, ping
there first (`settle`), so that the server has handled the cause.
"""

import itertools
import uuid
from collections.abc import Iterable, Sequence
from typing import Unpack

from wire import code, encode, prop
from wire.connection import DEADLINE, Address, PacketT, WireConnection
from wire.encode import ConnectOptions
from wire.packets import (
    Ack,
    Connack,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Unsuback,
)

Filter = str | tuple[str, int]
"""A topic filter, alone or with its options byte (before 5.0: its QoS)."""


class WireClient(WireConnection):
    """A client of the server at ``address`` that speaks protocol ``level``."""

    def __init__(self, address: Address, level: int, deadline: float = DEADLINE) -> None:
        super().__init__(address, level, deadline)
        self.client_id = ""
        self._ids = itertools.cycle(range(1, 0x10000))

    def next_id(self) -> int:
        """A packet id that this client has not used lately."""
        return next(self._ids)

    def send_connect(self, client_id: str | None = None, **options: Unpack[ConnectOptions]) -> None:
        """Send CONNECT; a client id of None means a new unique one."""
        self.client_id = unique_id() if client_id is None else client_id
        self.send(encode.connect(self.level, self.client_id, **options))

    def connect(self, client_id: str | None = None, **options: Unpack[ConnectOptions]) -> Connack:
        """Send CONNECT and return the CONNACK, which must accept."""
        self.send_connect(client_id, **options)
        connack = self.expect(Connack)
        assert connack.reason == code.SUCCESS, f"CONNECT was refused: {connack}"
        return connack

    def subscribe(self, *filters: Filter, properties: Iterable[prop.Pair] = ()) -> Suback:
        """Subscribe and return the SUBACK; every filter must be granted."""
        suback = self.try_subscribe(*filters, properties=properties)
        assert max(suback.reasons) <= 2, f"{filters} got {suback}"
        return suback

    def try_subscribe(self, *filters: Filter, properties: Iterable[prop.Pair] = ()) -> Suback:
        """Subscribe and return the SUBACK, whatever it says."""
        pairs = [(item, 0) if isinstance(item, str) else item for item in filters]
        packet_id = self.next_id()
        self.send(encode.subscribe(self.level, packet_id, pairs, properties))
        suback = self.await_packet(Suback)
        assert suback.packet_id == packet_id, f"{suback} answers SUBSCRIBE {packet_id}"
        assert len(suback.reasons) == len(pairs), f"{suback} answers {filters}"
        return suback

    def unsubscribe(self, *filters: str, properties: Iterable[prop.Pair] = ()) -> Unsuback:
        """Unsubscribe and return the UNSUBACK."""
        packet_id = self.next_id()
        self.send(encode.unsubscribe(self.level, packet_id, filters, properties))
        unsuback = self.await_packet(Unsuback)
        assert unsuback.packet_id == packet_id, f"{unsuback} answers UNSUBSCRIBE {packet_id}"
        return unsuback

    def send_publish(
        self,
        topic: str,
        payload: bytes = b"",
        qos: int = 0,
        *,
        retain: bool = False,
        dup: bool = False,
        packet_id: int | None = None,
        properties: Iterable[prop.Pair] = (),
    ) -> int:
        """Send a PUBLISH; returns its packet id, 0 at QoS 0."""
        if qos and packet_id is None:
            packet_id = self.next_id()
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
        properties: Iterable[prop.Pair] = (),
    ) -> int:
        """Publish to the last acknowledgement; returns the reason code of the first one.

        At QoS 0 a ping makes sure that the server has handled the message.
        """
        packet_id = self.send_publish(topic, payload, qos, retain=retain, properties=properties)
        if qos == 0:
            self.settle()
            return 0
        if qos == 1:
            return self._answered(Puback, packet_id).reason
        received = self._answered(Pubrec, packet_id)
        if received.reason < 0x80:
            self.send(encode.ack(self.level, code.PUBREL, packet_id))
            self._answered(Pubcomp, packet_id)
        return received.reason

    def receive(self, topic: str | None = None, payload: bytes | None = None) -> Publish:
        """The next packet, a PUBLISH, with its QoS exchange carried through."""
        publish = self.expect(Publish)
        if topic is not None:
            assert publish.topic == topic, f"{publish} came, topic {topic!r} was expected"
        if payload is not None:
            assert publish.payload == payload, f"{publish} came, {payload!r} was expected"
        self.acknowledge(publish)
        return publish

    def acknowledge(self, publish: Publish) -> None:
        """Carry through the QoS exchange of a received PUBLISH."""
        if publish.packet_id is None:
            return
        if publish.qos == 1:
            self.send(encode.ack(self.level, code.PUBACK, publish.packet_id))
            return
        self.send(encode.ack(self.level, code.PUBREC, publish.packet_id))
        self._answered(Pubrel, publish.packet_id)
        self.send(encode.ack(self.level, code.PUBCOMP, publish.packet_id))

    def ack(self, packet_type: int, packet_id: int | None, reason: int = 0) -> None:
        """Send one acknowledgement."""
        assert packet_id is not None
        self.send(encode.ack(self.level, packet_type, packet_id, reason))

    def settle(self) -> None:
        """Return when the server has handled all that was sent; what it sends stays in line."""
        self.send(encode.PINGREQ)
        self.await_packet(Pingresp)

    def quiet(self) -> None:
        """Fail if the server has anything for this client."""
        self.settle()
        assert not self.pending, f"unexpected: {list(self.pending)}"

    def drain(self) -> list[Publish]:
        """All messages the server has for this client now, acknowledged as their QoS asks."""
        received: list[Publish] = []
        self.settle()
        while self.pending:
            received.append(self.receive())
            if not self.pending:
                self.settle()
        return received

    def disconnect(self, reason: int = 0, properties: Sequence[prop.Pair] | None = None) -> None:
        """Send DISCONNECT and wait until the server has closed the connection."""
        self.send(encode.disconnect(self.level, reason, properties))
        self.await_end()

    def _answered(self, kind: type[PacketT], packet_id: int) -> PacketT:
        answer = self.await_packet(kind)
        assert isinstance(answer, Ack)
        assert answer.packet_id == packet_id, f"{answer} answers packet id {packet_id}"
        return answer


def unique_id() -> str:
    """A client id that no other test uses, within the 23 bytes that every server accepts."""
    return "t" + uuid.uuid4().hex[:20]


def unique_topic() -> str:
    """A topic prefix that no other test uses."""
    return "test/" + uuid.uuid4().hex[:16]
