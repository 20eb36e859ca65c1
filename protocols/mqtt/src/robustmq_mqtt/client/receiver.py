"""[H] Counts what subscribers get: latency, loss, duplicates, order; without an object each."""

from typing import Final, final

from robustmq_mqtt.client.latency import Latency
from robustmq_mqtt.client.stamp import MARK_0, MARK_1, SIZE, TIME_MASK

ANY_RUN: Final = -1
MOST_MISSING: Final = 1_000_000
"""Numbers of missing messages that a process remembers; see `Received`."""


@final
class Flow:
    """The messages of one publisher, as one subscriber gets them. `next` is the number expected."""

    def __init__(self, first: int, slot: int) -> None:
        self.next = first
        self.slot = slot
        self.missing: set[int] | None = None


@final
class Received:
    """What all subscribers of a process have got.

    `messages` counts every one, which came between `first` and `last` (microseconds); `unstamped`
    are those without our stamp and `foreign` those of another run. `missing` are numbers that were
    skipped and have not come since. A late one is out of order if its number is remembered as
    missing, else a duplicate; `MOST_MISSING` are remembered, and when more are missing, a late one
    counts as a duplicate.

    `run` is the only one that is judged, or `ANY_RUN`; with a `run`, `progress[publisher]` is how
    far its subscribers are, summed up, and `touched` has the publishers for which that has changed.
    """

    def __init__(self, run: int, publishers: int) -> None:
        self.run = run
        self.messages = 0
        self.bytes = 0
        self.unstamped = 0
        self.foreign = 0
        self.retained = 0
        self.duplicates = 0
        self.out_of_order = 0
        self.missing = 0
        self.remembered = 0
        self.first = 0
        self.last = 0
        self.latency = Latency()
        self.progress: list[int] = [0] * publishers
        self.touched: list[int] = []
        self.is_touched: list[bool] = [False] * publishers

    def unique(self) -> int:
        """Messages of the run, each counted once."""
        return self.messages - self.unstamped - self.foreign - self.retained - self.duplicates

    def take_touched(self) -> list[int]:
        """The publishers whose `progress` has changed since the last call."""
        touched = self.touched
        self.touched = []
        for publisher in touched:
            self.is_touched[publisher] = False
        return touched

    def advance(self, publisher: int, by: int) -> None:
        self.progress[publisher] += by
        if not self.is_touched[publisher]:
            self.is_touched[publisher] = True
            self.touched.append(publisher)


@final
class Receiver:
    """One subscriber's part of it.

    Members of a shared subscription are not `ordered`: each gets some of the messages, so gaps mean
    nothing.
    """

    def __init__(self, received: Received, ordered: bool = True) -> None:
        self.received = received
        self.ordered = ordered
        self.flows: dict[int, Flow] = {}
        self.source = -1
        self.flow = Flow(0, -1)

    def take(self, data: bytes, pos: int, end: int, retained: bool, now: int) -> None:
        """A message whose payload is `data[pos:end]`, read at `now` (microseconds).

        A retained message was sent before the subscription: it is counted and not judged.
        """
        received = self.received
        if received.messages == 0:
            received.first = now
        received.messages += 1
        received.bytes += end - pos
        received.last = now
        if retained:
            received.retained += 1
            return
        if end - pos < SIZE or data[pos] != MARK_0 or data[pos + 1] != MARK_1:
            received.unstamped += 1
            return
        source = data[pos + 2] << 24 | data[pos + 3] << 16 | data[pos + 4] << 8 | data[pos + 5]
        if source != self.source:
            if received.run != ANY_RUN and source >> 16 != received.run:
                received.foreign += 1
                return
            self._switch(source, data, pos)
        number = data[pos + 6] << 24 | data[pos + 7] << 16 | data[pos + 8] << 8 | data[pos + 9]
        sent_at = (
            data[pos + 10] << 40
            | data[pos + 11] << 32
            | data[pos + 12] << 24
            | data[pos + 13] << 16
            | data[pos + 14] << 8
            | data[pos + 15]
        )
        received.latency.add(sent_at, now & TIME_MASK)
        flow = self.flow
        if number == flow.next or not self.ordered:
            flow.next = number + 1
            if flow.slot >= 0:
                received.advance(flow.slot, 1)
        else:
            self._irregular(flow, number)

    def _switch(self, source: int, data: bytes, pos: int) -> None:
        received = self.received
        flow = self.flows.get(source)
        if flow is None:
            publisher = source & 0xFFFF
            if received.run != ANY_RUN and publisher < len(received.progress):
                flow = Flow(0, publisher)
            else:
                # Whoever joins late starts with what comes first.
                number = int.from_bytes(data[pos + 6 : pos + 10], "big")
                flow = Flow(number, -1)
            self.flows[source] = flow
        self.source = source
        self.flow = flow

    def _irregular(self, flow: Flow, number: int) -> None:
        received = self.received
        if number > flow.next:
            gap = number - flow.next
            received.missing += gap
            self._remember(flow, flow.next, number)
            flow.next = number + 1
            if flow.slot >= 0:
                received.advance(flow.slot, gap + 1)
            return
        missing = flow.missing
        if missing is not None and number in missing:
            missing.discard(number)
            received.remembered -= 1
            received.missing -= 1
            received.out_of_order += 1
        else:
            received.duplicates += 1

    def _remember(self, flow: Flow, first: int, stop: int) -> None:
        received = self.received
        missing = flow.missing
        if missing is None:
            missing = set()
            flow.missing = missing
        stop = min(stop, first + MOST_MISSING - received.remembered)
        for number in range(first, stop):
            missing.add(number)
            received.remembered += 1
