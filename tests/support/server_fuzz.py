"""Moves of several clients against a broker in memory, and what must hold whatever they are.

A scenario is a list of moves; each sends one packet, right or damaged, or lets something happen. It
is run twice on brokers that are the same in everything: once with each packet in one piece, once
byte by byte. Then

- no exception came out, and the log has no error;
- every client got the same bytes in both runs, and was closed in both or in neither (`$SYS` is off:
  it counts bytes);
- what it got are MQTT packets with the reason codes that the specification gives them, CONNACK
  first and once, DISCONNECT last, nothing after the connection was closed;
- when the clients are gone and the time of their sessions is over, nothing is left of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from memory_broker import MemoryBroker, RawClient
from memory_client import split
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, AuthResult, ClientInfo, ExchangeStep
from robustmq_mqtt.connection import Connection
from server_fuzz_packets import LEVELS, PACKETS, connect, pick
from wire import code, encode
from wire.packets import Connack, Disconnect, Packet, read

FOREVER: Final = 0x1_0000_0001
"""Seconds after which every session is over that has an end."""


class Doorkeeper:
    """Denies the user "no"; it takes a turn of the loop to say so."""

    name = "doorkeeper"

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        return AuthResult(DENY if client.username == "no" else ALLOW, 0x86, "no")

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        return DENY if topic.startswith("x") else ALLOW


class Method:
    """An Authentication Method: one challenge; "bad" is denied."""

    method = "M"

    def begin(self, client: ClientInfo, reauthenticate: bool) -> "Exchange":
        return Exchange()


class Exchange:
    def __init__(self) -> None:
        self.asked = False

    async def step(self, data: bytes | None) -> ExchangeStep:
        if data == b"bad":
            return ExchangeStep(DENY, None, 0x87, "bad")
        if self.asked:
            return ExchangeStep(ALLOW, b"done")
        self.asked = True
        return ExchangeStep(IGNORE, b"?")


CONFIGURATIONS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {
        "max_inflight": 1,
        "max_queued_messages": 2,
        "queue_overflow": "disconnect",
        "receive_maximum": 2,
        "max_topic_alias": 2,
        "max_topic_alias_outgoing": 1,
        "max_packet_size": 200,
        "max_subscriptions": 2,
        "max_sessions": 2,
        "max_retained_messages": 1,
        "max_topic_levels": 2,
    },
    {
        "max_inflight": 2,
        "max_queued_messages": 2,
        "queue_overflow": "drop_oldest",
        "queue_qos0_messages": True,
        "upgrade_qos": True,
        "check_payload_format": True,
        "max_message_expiry_interval": 20,
        "server_keep_alive": 10,
        "deny_action": "disconnect",
        "response_information": "r",
        "outgoing_buffer": 4_096,
        "authenticators": [Doorkeeper()],
        "authorizers": [Doorkeeper()],
    },
    {
        "max_qos": 1,
        "retain_available": False,
        "wildcard_subscription": False,
        "shared_subscription": False,
        "allow_zero_length_client_id": False,
        "max_session_expiry_interval": 30,
        "max_topic_alias": 0,
        "max_keep_alive": 15,
    },
)


@dataclass(frozen=True)
class Damage:
    """What happens to a packet before it is sent."""

    way: int
    place: int
    value: int

    def apply(self, data: bytes) -> bytes:
        """The packet, damaged; most ways keep its remaining length true."""
        at = self.place % (len(data) + 1)
        byte = bytes([self.value & 0xFF])
        match self.way % 8:
            case 0:
                return data[:at] + byte + data[at + 1 :]
            case 1:
                return refitted(data[:at] + byte + data[at + 1 :])
            case 2:
                return refitted(data[:at] + byte * (1 + self.value % 5) + data[at:])
            case 3:
                return refitted(data[:at] + data[at + 1 + self.value % 5 :])
            case 4:
                return data[:at]
            case 5:
                return refitted(data[:at])
            case 6:
                return refitted(data + data[at:])
        return data[:1] + bytes([data[1] | 0x80 if len(data) > 1 else 0x80, 0x00]) + data[2:]


def refitted(data: bytes) -> bytes:
    """The same bytes behind a remaining length that fits; for packets below 16 KiB."""
    if len(data) < 2:
        return data
    start = 2 if data[1] < 0x80 else 3
    return encode.packet(data[0], data[start:])


@dataclass(frozen=True)
class Move:
    """What one client does: `number` chooses the packet, `detail` what is in it."""

    client: int
    number: int
    detail: int
    damage: Damage | None = None


DROP, ADVANCE, STOP, CRASH, SLOW, COMMIT = range(len(PACKETS), len(PACKETS) + 6)
MOVES: Final = COMMIT + 1
"""How many numbers of moves there are."""


class Run:
    """One broker and its clients, of whom each move may be the first."""

    def __init__(self, configuration: int, *, bytewise: bool) -> None:
        options = dict(pick(CONFIGURATIONS, configuration))
        self.broker = MemoryBroker(enhanced=[Method()], **options)
        self.bytewise = bytewise
        self.clients: dict[int, tuple[RawClient, Connection]] = {}
        self.ended: list[tuple[RawClient, Connection]] = []
        self.sent: list[str] = []

    def make(self, move: Move) -> None:
        if move.number == ADVANCE:
            self.sent.append(f"+{move.detail % 64}")
            self.broker.advance(move.detail % 64)
        elif move.number in (STOP, CRASH):
            self.sent.append("stop" if move.number == STOP else "crash")
            self.restart(move)
        elif move.number in (SLOW, COMMIT):
            self.sent.append("slow" if move.number == SLOW else "commit")
            if move.number == SLOW:
                self.broker.adapter.slow = True
            elif self.broker.adapter.waiting:
                self.broker.adapter.release()
        elif move.number == DROP:
            self.sent.append(f"drop {move.client}")
            if move.client in self.clients:
                self.clients[move.client][0].drop()
                self.ended.append(self.clients.pop(move.client))
        else:
            self.send(move)
        self.broker.run_until_idle()

    def restart(self, move: Move) -> None:
        """Stop, or crash with what is not committed lost."""
        adapter = self.broker.adapter
        if move.number == STOP:
            self.commit_all()
        if move.number == CRASH:
            self.broker.crash()
            adapter.slow = False
            adapter.waiting.clear()
            self.broker.clock.advance(move.detail % 8)
            self.broker.start()
        else:
            self.broker.restart(away=move.detail % 8)
        self.ended += self.clients.values()
        self.clients = {}

    def commit_all(self) -> None:
        adapter = self.broker.adapter
        adapter.slow = False
        while adapter.waiting:
            adapter.release()
            self.broker.run_until_idle()

    def send(self, move: Move) -> None:
        level = pick(LEVELS, move.client)
        if move.client in self.clients and self.clients[move.client][0].closed:
            self.ended.append(self.clients.pop(move.client))
        packets = []
        if move.client not in self.clients:
            client = self.broker.connect_raw()
            connection = client.transport.connection
            assert connection is not None
            self.clients[move.client] = (client, connection)
            if move.number and move.detail % 16:
                # Mostly after a CONNECT that will do, or nothing would ever happen.
                packets.append(connect(level, move.detail))
        data = PACKETS[move.number](level, move.detail)
        packets.append(data if move.damage is None else move.damage.apply(data))
        client = self.clients[move.client][0]
        for packet in filter(None, packets):
            self.sent.append(f"{move.client}: {packet.hex(' ')}")
            if self.bytewise:
                client.send_bytewise(packet)
            else:
                client.send(packet)

    def outcome(self) -> list[tuple[bytes, bool]]:
        """What each client got, and whether it was closed."""
        self.broker.run_until_idle()
        everyone = [*self.ended, *self.clients.values()]
        return [(bytes(one.transport.written), one.transport.closed) for one, _ in everyone]

    def finish(self) -> None:
        """End all clients and sessions; nothing may be left."""
        self.commit_all()
        for client, connection in [*self.ended, *self.clients.values()]:
            check_output(bytes(client.transport.written), connection)
            assert client.transport.late == b"", "written after the close"
        for client, _ in self.clients.values():
            client.drop()
        self.broker.restart()
        self.broker.advance(FOREVER)
        for session in list(self.broker.context.sessions.values()):
            assert session.expiry_interval == 0xFFFFFFFF, f"{session.client_id} did not end"
            data = encode.connect(code.V5, session.client_id, username="yes")
            client = self.broker.connect_raw()
            client.send(data)
            assert client.received()[3] == 0
            client.send(encode.disconnect(code.V5))
            assert client.closed
        assert self.broker.leftovers() == []
        assert self.broker.bugs() == []


def check_output(data: bytes, connection: Connection) -> None:
    """What a client got: packets that are right by themselves, in an order that is."""
    level = connection.version
    frames, rest = split(data)
    assert not rest, f"a packet was cut: {rest.hex(' ')}"
    assert level or not frames, "an answer to what was not MQTT"
    packets: list[Packet] = [read(level, first, body) for first, body in frames]
    if not packets:
        return
    connacks = [at for at, packet in enumerate(packets) if isinstance(packet, Connack)]
    assert connacks == [at for at in connacks if at == connacks[0]], "two CONNACKs"
    before = packets[: connacks[0]] if connacks else packets
    assert all(packet.raw[0] >> 4 == code.AUTH for packet in before), f"{before} before CONNACK"
    if connacks:
        connack = packets[connacks[0]]
        assert isinstance(connack, Connack)
        assert connack.reason == 0 or connacks[0] == len(packets) - 1, "more after a refusal"
    ends = [at for at, packet in enumerate(packets) if isinstance(packet, Disconnect)]
    assert ends in ([], [len(packets) - 1]), "more after DISCONNECT"


def play(configuration: int, moves: Sequence[Move]) -> None:
    """Make the moves both ways and check everything; AssertionError if something does not hold."""
    runs = [Run(configuration, bytewise=bytewise) for bytewise in (False, True)]
    for run in runs:
        try:
            for move in moves:
                run.make(move)
        except Exception as error:
            raise AssertionError(f"{error!r}, after {'; '.join(run.sent)}") from error
    whole, bytewise = runs
    assert whole.outcome() == bytewise.outcome(), f"differs byte by byte: {'; '.join(whole.sent)}"
    for run in runs:
        try:
            run.finish()
        except Exception as error:
            raise AssertionError(f"{error!r}, after {'; '.join(run.sent)}") from error
