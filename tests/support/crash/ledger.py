"""What clients sent, had acknowledged and received; it notices every broken promise.

Messages have a topic and a number; those of a topic come from one publisher, with one QoS,
numbered from 0 on without gaps. So what a subscriber has to get next is known at any time, and a
message that is missing shows with the next one that arrives.
"""

import re
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

EVENTS: Final = 200_000
"""How many of the last events are kept, to tell the history of a message."""

VIOLATIONS: Final = 100
"""Violations that are kept; what is beyond is counted only."""

SHOWN: Final = 40
"""Events of a history."""

HISTORY_SECONDS: Final = 1.0
"""How long before and after a message's own events others are told."""


@dataclass(frozen=True)
class Event:
    """Something that happened to a message; `at` in seconds since the ledger was begun."""

    at: float
    topic: str
    number: int
    what: str

    def __str__(self) -> str:
        whose = f"{self.topic} {self.number}" if self.number >= 0 else self.topic[1:]
        return f"{self.at:9.3f} s  {whose}: {self.what}"


@dataclass
class Flow:
    """One topic, as its publisher knows it.

    sent, acknowledged: the highest numbers, -1 for none. refused: numbers the broker did not take.
    repeats: how often a number was sent, if more than once.
    """

    qos: int
    sent: int = -1
    acknowledged: int = -1
    refused: set[int] = field(default_factory=set)
    repeats: dict[int, int] = field(default_factory=dict)


class Ledger:
    """The books of one run."""

    def __init__(self) -> None:
        self.begun = time.monotonic()
        self.flows: dict[str, Flow] = {}
        self.events: deque[Event] = deque(maxlen=EVENTS)
        self.violations: list[str] = []
        self.violation_count = 0
        self.sent = 0
        self.acknowledged = 0
        self.received = 0
        self.repeated = 0

    def note(self, topic: str, number: int, what: str) -> None:
        """Remember an event for the history of a message."""
        self.events.append(Event(time.monotonic() - self.begun, topic, number, what))

    def note_client(self, name: str, what: str) -> None:
        """Remember what happened to a client, or to "the broker": that belongs to many messages."""
        self.note(f"@{name}", -1, what)

    def violation(self, what: str, topic: str = "", numbers: Iterable[int] = ()) -> None:
        """A promise was broken; the messages of `topic` with these numbers tell how."""
        self.violation_count += 1
        if len(self.violations) < VIOLATIONS:
            at = time.monotonic() - self.begun
            history = self.history(topic, set(numbers), what) if topic else ""
            self.violations.append(f"VIOLATION at {at:.3f} s: {what}{history}")

    def history(self, topic: str, numbers: set[int], about: str) -> str:
        """What is known of messages, and of the broker and clients that `about` names meanwhile."""
        own = [event for event in self.events if event.topic == topic and event.number in numbers]
        if not own:
            return ""
        others = [
            one
            for one in self.events
            if one.topic[0] == "@"
            and own[0].at - HISTORY_SECONDS <= one.at <= own[-1].at + HISTORY_SECONDS
            and (one.topic == "@the broker" or one.topic[1:] in about)
        ]
        shown = sorted([*own[-SHOWN:], *others[-SHOWN:]], key=lambda event: event.at)
        return "".join(f"\n    {event}" for event in shown)

    # -- publishers ----------------------------------------------------------------------------

    def flow(self, topic: str, qos: int) -> Flow:
        """The books of a topic, opened with the first call."""
        return self.flows.setdefault(topic, Flow(qos))

    def publishing(self, topic: str, number: int, packet_id: int, *, again: bool) -> None:
        """A publisher is about to send a message, for the first time or again."""
        flow = self.flows[topic]
        self.sent += 1
        if again:
            flow.repeats[number] = flow.repeats.get(number, 1) + 1
        flow.sent = max(flow.sent, number)
        self.note(topic, number, f"sent, packet id {packet_id}{', DUP' if again else ''}")

    def taken(self, topic: str, number: int) -> None:
        """The broker has acknowledged a message for good (PUBACK, PUBCOMP)."""
        flow = self.flows[topic]
        self.acknowledged += 1
        self.note(topic, number, "acknowledged")
        if number < flow.acknowledged:
            # [MQTT-4.6.0-2, MQTT-4.6.0-3] for the topic; only refused ones are passed over.
            what = f"{topic} {number} was acknowledged after {flow.acknowledged}"
            self.violation(what, topic, [number, flow.acknowledged])
        flow.acknowledged = max(flow.acknowledged, number)

    def refused(self, topic: str, number: int, reason: int) -> None:
        """The broker has refused a message: it may have stored it, or not."""
        self.flows[topic].refused.add(number)
        self.note(topic, number, f"refused with 0x{reason:02x}")


class Books:
    """What one durable subscriber got.

    qos: that it was granted.
    """

    def __init__(self, ledger: Ledger, name: str, qos: int) -> None:
        self.ledger = ledger
        self.name = name
        self.qos = qos
        self.next: dict[str, int] = {}
        self.last: dict[str, int] = {}
        self.late: dict[str, set[int]] = {}
        self.copies: dict[tuple[str, int], int] = {}
        self.told: set[str] = set()

    def connected(self) -> None:
        """A new connection: what is not acknowledged may come again, in its order."""
        self.last.clear()
        self.told.clear()
        self.ledger.note_client(self.name, "connected")

    def received(self, topic: str, number: int, qos: int, *, dup: bool) -> None:
        """A message arrived (at QoS 2: for the first time under its packet identifier)."""
        ledger = self.ledger
        flow = ledger.flows.get(topic)
        ledger.received += 1
        ledger.note(topic, number, f"{self.name} got it, QoS {qos}{', DUP' if dup else ''}")
        if flow is None or number > flow.sent:
            ledger.violation(f"{self.name} got {topic} {number}, which nobody sent")
            return
        if qos != min(flow.qos, self.qos):
            what = f"{self.name} got {topic} {number} with QoS {qos}"
            ledger.violation(f"{what}, not {min(flow.qos, self.qos)}", topic, [number])
        expected = self.next.get(topic, 0)
        if number >= expected:
            self._advance(flow, topic, expected, number)
        elif number in self.late.get(topic, ()):
            self.late[topic].discard(number)
            ledger.violation(f"{self.name} got {topic} {number} too late", topic, [number])
        else:
            self._again(flow, topic, number, qos, dup=dup)
        self.last[topic] = number

    def _advance(self, flow: Flow, topic: str, expected: int, number: int) -> None:
        skipped = [one for one in range(expected, number) if one not in flow.refused]
        if skipped:
            what = f"{self.name} got {topic} {number} before {_span(skipped)}"
            self.ledger.violation(what, topic, [*skipped[:3], number])
            self.late.setdefault(topic, set()).update(skipped)
        self.next[topic] = number + 1

    def _again(self, flow: Flow, topic: str, number: int, qos: int, *, dup: bool) -> None:
        """A message that has arrived before: allowed at QoS 1 only, and for a reason only."""
        self.ledger.repeated += 1
        if qos == 2:
            self._complain(topic, number, "at QoS 2")
            return
        # What a publisher sends again after a crash is another message to the broker.
        sent = flow.repeats.get(number, 1) if flow.qos == 1 else 1
        if not dup:
            copies = self.copies.get((topic, number), 1) + 1
            self.copies[topic, number] = copies
            if copies > sent:
                self._complain(topic, number, "without DUP")
        # [MQTT-4.4.0-1]: the broker sends again on a new connection only.
        if sent == 1 and number <= self.last.get(topic, -1):
            self._complain(topic, number, "on the same connection")

    def _complain(self, topic: str, number: int, how: str) -> None:
        """Once for each connection: what goes wrong with a message does so with a hundred."""
        if how not in self.told:
            self.told.add(how)
            what = f"{self.name} got {topic} {number} again, {how}"
            self.ledger.violation(what, topic, [number])

    def missing(self, topics: re.Pattern[str]) -> list[str]:
        """Topics that match and lack acknowledged messages, and which."""
        found = []
        for topic, flow in self.ledger.flows.items():
            have = self.next.get(topic, 0)
            if have <= flow.acknowledged and topics.match(topic):
                lacking = [n for n in range(have, flow.acknowledged + 1) if n not in flow.refused]
                if lacking:
                    found.append(f"{topic} {_span(lacking)}")
        return found


class GroupBooks:
    """What the members of a shared subscription got together; order is not promised to them."""

    def __init__(self, ledger: Ledger, name: str) -> None:
        self.ledger = ledger
        self.name = name
        self.next: dict[str, int] = {}
        self.beyond: dict[str, set[int]] = {}

    def received(self, member: str, topic: str, number: int, qos: int) -> None:
        """A member got a message (at QoS 2: for the first time under its packet identifier)."""
        ledger = self.ledger
        ledger.received += 1
        ledger.note(topic, number, f"{member} got it, QoS {qos}")
        beyond = self.beyond.setdefault(topic, set())
        following = self.next.get(topic, 0)
        if number < following or number in beyond:
            ledger.repeated += 1
            if qos == 2:
                ledger.violation(f"{self.name} got {topic} {number} twice", topic, [number])
            return
        beyond.add(number)
        while following in beyond:
            beyond.discard(following)
            following += 1
        self.next[topic] = following

    def missing(self, topics: re.Pattern[str]) -> list[str]:
        """As `Books.missing`."""
        found = []
        for topic, flow in self.ledger.flows.items():
            if not topics.match(topic):
                continue
            beyond = self.beyond.get(topic, set()) | flow.refused
            numbers = range(self.next.get(topic, 0), flow.acknowledged + 1)
            lacking = [number for number in numbers if number not in beyond]
            if lacking:
                found.append(f"{topic} {_span(lacking)}")
        return found


def _span(numbers: list[int]) -> str:
    more = f" to {numbers[-1]} ({len(numbers)} of them)" if len(numbers) > 1 else ""
    return f"{numbers[0]}{more}"
