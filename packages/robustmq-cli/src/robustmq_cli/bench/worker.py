"""[D] One process of a run: its clients, from the first connection to the last goodbye."""

import asyncio
import heapq
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from robustmq_cli.bench.client import BenchClient, Surroundings
from robustmq_cli.bench.plan import CONN, PUB, PUBLISHER, ROUNDTRIP, SUB, SUBSCRIBER, Plan
from robustmq_cli.bench.progress import Progress
from robustmq_cli.bench.publisher import Publisher
from robustmq_cli.bench.tally import (
    ACKNOWLEDGE,
    CONNECT,
    DUPLICATE,
    END_TO_END,
    LOST,
    NOT_ACKNOWLEDGED,
    OUT_OF_ORDER,
    Counts,
    Errors,
    Report,
)
from robustmq_mqtt.client import ANY_RUN, Received

AT_ONCE: Final = 64
"""Connections that a process opens at the same time, without a ramp."""
TICK: Final = 0.1
"""Seconds between looks at what nobody announces: deadlines, stalls, pings."""
POLL: Final = 0.001
"""Seconds between looks at how far other processes are."""
SETTLE: Final = 0.1
"""Seconds, once all has arrived, for what arrives twice."""
GOODBYE: Final = 2.0
"""Seconds for sockets to close at the end."""


class Worker:
    """The clients of one process."""

    def __init__(
        self, plan: Plan, process: int, run: int, clock: Callable[[], int], progress: Progress
    ) -> None:
        self.plan = plan
        self.process = process
        self.clock = clock
        self.progress = progress
        round_trip = plan.command == ROUNDTRIP
        self.received = Received(run if round_trip else ANY_RUN, plan.publishers)
        self.around = Surroundings(plan, clock, self.received)
        self.around.received_more = self._schedule_turn
        self.around.wake = self._wake
        self.publishers: dict[int, Publisher] = {}
        self.others: list[BenchClient] = []
        for role, number in plan.members(process):
            if role == PUBLISHER:
                self.publishers[number] = Publisher(self.around, number, run, progress)
            else:
                self.others.append(BenchClient(self.around, role, number))
        self.audience: list[BenchClient] = []
        self.stopping = asyncio.Event()
        self._connecting = 0
        self._connected = 0
        self._began = 0
        self._cpu = 0.0
        self._ended = 0
        self._changed = asyncio.Event()
        self._attentive = False
        self._waking: set[int] = set()
        self._turn_scheduled = False
        self._left_open: int | None = None
        self._lost = 0
        self._extra = 0
        self._activity = (0, 0, 0)
        self._active_at = 0.0

    # -- phases --------------------------------------------------------------------------------

    async def connect(self) -> int:
        """Connect and subscribe all, over the ramp; how many subscribers there are then."""
        if not self.plan.recreate:
            self._active_at = begin = asyncio.get_running_loop().time()
            gate = asyncio.Semaphore(AT_ONCE)
            # Subscribers first: they are to be there when publishers begin.
            clients = [*self.others, *self.publishers.values()]
            self._connecting = self.clock()
            await _all(self._open(one, begin, gate) for one in clients)
            self._connected = self.clock()
        self.audience = [one for one in self.others if one.usable and one.role == SUBSCRIBER]
        return len(self.audience)

    async def run(self, audience: int) -> None:
        """Do what the run is for; `audience` counts the subscribers of all processes."""
        loop = asyncio.get_running_loop()
        self._began = self.clock()
        self._cpu = time.process_time()
        self._active_at = loop.time()
        end = loop.time() + self.plan.duration if self.plan.duration else float("inf")
        if self.plan.recreate:
            await _all(self._recreate(one, end) for one in self.others)
        elif self.plan.publishers:
            await self._publish(end, audience)
        else:
            await self._hold(end)
            # Without messages that would tell how long it took, it is the whole time.
            if not self.received.messages:
                self._ended = self.clock()

    def sent(self) -> dict[int, int]:
        """How many messages each publisher has sent."""
        return {number: one.sent for number, one in self.publishers.items()}

    async def drain(self, sent: dict[int, int]) -> None:
        """Wait for what is under way, as long as some of it comes; `sent` is of all publishers."""
        expected = self._expected(sent)
        self._attentive = True
        while not self._drained(expected) and not self._stalled() and self.around.open:
            await self._tick()
        if self.plan.command == PUB and not self.plan.qos:
            self._ended = self.clock()
        if self.plan.command == ROUNDTRIP:
            await self._until(asyncio.get_running_loop().time() + SETTLE)
            unique = self.received.unique()
            self._lost = max(0, expected - unique)
            self._extra = max(0, unique - expected)

    async def leave(self) -> None:
        """Disconnect all."""
        left = list(self.around.open)
        self._left_open = len(left)
        for client in left:
            client.leave()
        await _all(client.lost(GOODBYE) for client in left)

    def report(self, *, final: bool = False) -> Report:
        """Tell what has been counted; the final report knows what was lost."""
        around = self.around
        errors = Errors()
        errors.by_reason.update(around.errors.by_reason)
        counts = self._counts()
        errors.count(DUPLICATE, counts.duplicates)
        errors.count(OUT_OF_ORDER, counts.out_of_order)
        unexpected = sum(one.client.unexpected for one in self.publishers.values())
        errors.count("acknowledgement of a message that is not in flight", unexpected)
        if final:
            errors.count(LOST, counts.lost)
            waiting = sum(len(one.client.in_flight) for one in self.publishers.values())
            errors.count(NOT_ACKNOWLEDGED, waiting)
        latencies = {
            CONNECT: around.connect.take(),
            ACKNOWLEDGE: around.acknowledge.take(),
            END_TO_END: self.received.latency.take(),
        }
        cpu = time.process_time() - self._cpu if self._began else 0.0
        ended = max(self._ended, self.received.last, around.acknowledge.until)
        # Whoever only listens does not know when the others begin.
        listens = self.plan.command == SUB and self.received.messages > 0
        began = self.received.first if listens else self._began
        times = (self._connecting, self._connected, began, ended)
        return Report(counts, dict(errors.by_reason), latencies, *times, cpu)

    def keep_alive(self) -> None:
        """Ping whoever has been quiet."""
        now = asyncio.get_running_loop().time()
        for client in list(self.around.open):
            client.keep_alive(now)

    # -- connecting ----------------------------------------------------------------------------

    async def _open(self, client: BenchClient, begin: float, gate: asyncio.Semaphore) -> None:
        if self.plan.ramp:
            share = client.number / self.plan.number_of(client.role)
            await self._until(begin + self.plan.ramp * share)
            await self._try(client)
        else:
            async with gate:
                await self._try(client)

    async def _try(self, client: BenchClient) -> None:
        """Open one, unless none has got an answer for so long that there is no point."""
        loop = asyncio.get_running_loop()
        if self.stopping.is_set():
            return
        if not self.plan.ramp and loop.time() - self._active_at > self.plan.timeout:
            self.around.errors.count("not tried, for the server did not answer others")
            return
        await client.open()
        if client.usable:
            self._active_at = loop.time()

    async def _recreate(self, client: BenchClient, end: float) -> None:
        loop = asyncio.get_running_loop()
        done = 0
        while not self.stopping.is_set() and loop.time() < end:
            again = BenchClient(self.around, client.role, client.number)
            await again.open()
            self._ended = self.clock()
            again.leave()
            await again.lost(GOODBYE)
            done += 1
            if self.plan.count and done >= self.plan.count:
                return

    # -- publishing ----------------------------------------------------------------------------

    async def _publish(self, end: float, audience: int) -> None:
        loop = asyncio.get_running_loop()
        interval = 1 / self.plan.rate if self.plan.rate else 0.0
        for number, publisher in self.publishers.items():
            # Rates are spread: or all publishers would send in the same instant, and then none.
            at = loop.time() + interval * number / self.plan.publishers
            publisher.start(at, self._copies(number, audience))
        helpers = [asyncio.ensure_future(self._poll())]
        if self.plan.rate:
            helpers.append(asyncio.ensure_future(self._pace()))
        else:
            for number in self.publishers:
                self._wake(number)
        try:
            while not self.stopping.is_set() and loop.time() < end:
                if all(one.finished for one in self.publishers.values()):
                    break
                self._check_stalled()
                await self._tick(end)
        finally:
            for helper in helpers:
                helper.cancel()
            for publisher in self.publishers.values():
                publisher.finished = True

    def _copies(self, number: int, audience: int) -> int:
        if not self.plan.paired:
            return audience
        return sum(1 for one in self.audience if one.number == number)

    async def _pace(self) -> None:
        """Wake each publisher when its next message is due."""
        loop = asyncio.get_running_loop()
        heap = [(one.next_due(), number) for number, one in self.publishers.items()]
        heapq.heapify(heap)
        while heap:
            now = loop.time()
            while heap and heap[0][0] <= now:
                _, number = heapq.heappop(heap)
                publisher = self.publishers[number]
                self._fill(publisher, now)
                if not publisher.finished:
                    heapq.heappush(heap, (max(publisher.next_due(), now + POLL), number))
            if heap:
                await asyncio.sleep(max(POLL, heap[0][0] - now))

    async def _poll(self) -> None:
        """Wake publishers whose messages arrive in other processes."""
        while self.plan.processes > 1 and self.plan.command == ROUNDTRIP and not self.plan.paired:
            await asyncio.sleep(POLL)
            for number, publisher in self.publishers.items():
                if publisher.starved:
                    self._wake(number)

    def _wake(self, publisher: int) -> None:
        self._waking.add(publisher)
        self._schedule_turn()

    def _schedule_turn(self) -> None:
        if not self._turn_scheduled:
            self._turn_scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """After reads: say how far messages are, and let publishers send more."""
        self._turn_scheduled = False
        waking = self._waking
        self._waking = set()
        for number in self.received.take_touched():
            self.progress.put(number, self.received.progress[number])
            waking.add(number)
        now = asyncio.get_running_loop().time()
        for number in waking:
            publisher = self.publishers.get(number)
            if publisher is not None:
                self._fill(publisher, now)
        if self._attentive:
            self._changed.set()

    def _fill(self, publisher: Publisher, now: float) -> None:
        if publisher.fill(now):
            self._wake(publisher.number)
        elif publisher.finished:
            self._changed.set()

    # -- waiting -------------------------------------------------------------------------------

    async def _hold(self, end: float) -> None:
        loop = asyncio.get_running_loop()
        if self.plan.command == CONN and not self.plan.duration:
            return
        while not self.stopping.is_set() and loop.time() < end and self.around.open:
            if self.plan.command == SUB and self.plan.count:
                if self.received.messages >= self.plan.count * len(self.audience):
                    return
            await self._tick(end)

    async def _tick(self, end: float = float("inf")) -> None:
        """Return when something has changed, and after a while anyway."""
        left = end - asyncio.get_running_loop().time()
        self._changed.clear()
        try:
            async with asyncio.timeout(min(TICK, max(0.0, left))):
                await self._changed.wait()
        except TimeoutError:
            pass

    async def _until(self, at: float) -> None:
        try:
            async with asyncio.timeout_at(at):
                await self.stopping.wait()
        except TimeoutError:
            pass

    def _stalled(self) -> bool:
        """Whether nothing has happened for as long as --timeout says."""
        counts = self.around.counts
        acknowledged = sum(one.client.acknowledged for one in self.publishers.values())
        activity = (counts.sent, acknowledged, self.received.messages)
        now = asyncio.get_running_loop().time()
        if activity != self._activity:
            self._activity = activity
            self._active_at = now
        return now - self._active_at > self.plan.timeout

    def _check_stalled(self) -> None:
        held_back = [one for one in self.publishers.values() if not one.finished]
        if self._stalled() and any(one.starved or one.paused for one in held_back):
            paused = sum(1 for one in held_back if one.paused)
            self.around.errors.count("write timeout (the server stopped reading)", paused)
            for one in held_back:
                one.finished = True

    def _drained(self, expected: int) -> bool:
        if self.plan.command == ROUNDTRIP and self.received.unique() < expected:
            return False
        return not any(
            one.usable and (one.client.in_flight or one.buffered())
            for one in self.publishers.values()
        )

    def _expected(self, sent: dict[int, int]) -> int:
        """How many messages of the run are to arrive in this process."""
        if self.plan.paired:
            return sum(sent.get(one.number, 0) for one in self.audience)
        return sum(sent.values()) * len(self.audience)

    def _counts(self) -> Counts:
        received = self.received
        counts = self.around.counts
        return Counts(
            connected=counts.connected,
            open=len(self.around.open) if self._left_open is None else self._left_open,
            subscribed=counts.subscribed,
            sent=counts.sent,
            sent_bytes=counts.sent_bytes,
            acknowledged=sum(one.client.acknowledged for one in self.publishers.values()),
            received=received.messages - received.foreign,
            received_bytes=received.bytes,
            unstamped=received.unstamped,
            foreign=received.foreign + counts.foreign,
            retained=received.retained,
            lost=self._lost if self.plan.command == ROUNDTRIP else received.missing,
            duplicates=received.duplicates + self._extra,
            out_of_order=received.out_of_order,
        )


async def _all(tasks: Iterable[Awaitable[None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for task in tasks:
            group.create_task(_as_coroutine(task))


async def _as_coroutine(task: Awaitable[None]) -> None:
    await task
