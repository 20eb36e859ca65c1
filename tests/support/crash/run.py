"""The program: kills a broker under load again and again; `main` is its command line."""

import argparse
import asyncio
import contextlib
import random
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from broker_process import BrokerFailed
from crash.broker import DATABASE, Brokers
from crash.bystanders import Expiring, Fickle, Inspector, Mourned, Returning, Watcher
from crash.client import Client
from crash.disk import ForgetfulDisk
from crash.ledger import VIOLATIONS, GroupBooks
from crash.publisher import Eraser, Publisher
from crash.subscriber import Member, Reader, Subscriber
from crash.world import DAY, World
from wire import code

SETTLE_SECONDS: Final = 60.0
"""How long what is acknowledged may take to arrive, once nothing new is sent."""

HASTY_SECONDS: Final = 3.0
"""The same, when a promise was broken already."""

ALLOWED_DISK: Final = 1 << 30
"""Bytes of the data directory; a run that needs more is ended."""


FLOWS: Final = re.compile("flow/")


@dataclass(frozen=True)
class Plan:
    """What to do.

    life: seconds a broker lives at most. check_every: kills between two rests, in which all that is
    acknowledged has to arrive. rate: messages per second of each publisher. clean_wills: whether
    also clients without a session to keep leave a will.
    """

    kills: int
    seed: int
    durability: str
    power_loss: bool
    life: float
    check_every: int
    rate: float
    clean_wills: bool


class Run:
    """One run of the plan, in a folder of its own."""

    def __init__(self, plan: Plan, folder: Path, say: Callable[[str], None]) -> None:
        self.plan = plan
        self.say = say
        self.folder = folder / "data"
        self.folder.mkdir()
        self.world = World(random.Random(plan.seed))
        self.chance = self.world.chance
        disk = ForgetfulDisk(self.folder / DATABASE, folder) if plan.power_loss else None
        self.brokers = Brokers(self.world, self.folder, self._settings(), disk)
        self.group = GroupBooks(self.world.ledger, "team")
        self.watcher = Watcher(self.world)
        self.publishers = self._publishers()
        self.subscribers = self._subscribers()
        self.bystanders = self._bystanders()
        self.retained_checks = 0
        self._shown = 0

    def _settings(self) -> dict[str, str]:
        return {
            "storage.adapter": DATABASE,
            "storage.durability": self.plan.durability,
            # Small ones bring tables and compactions into a run that takes minutes.
            "storage.settings.write_buffer": self.chance.choice(["128KB", "1MB", "64MB"]),
            "storage.sweep_interval": "1s",
            "mqtt.max_queued_messages": "0",
            "mqtt.sys_interval": "0",
        }

    def _publishers(self) -> list[Publisher]:
        made: list[Publisher] = []
        for level in (code.V311, code.V5):
            for qos in (1, 2):
                for number, window in enumerate((1, 20)):
                    name = f"pub-v{level}-qos{qos}-{number}"
                    rate = self.plan.rate
                    made.append(Publisher(self.world, name, level, qos, window=window, rate=rate))
        made.append(Eraser(self.world, "eraser", code.V5, 1, window=4, rate=self.plan.rate / 4))
        return made

    def _subscribers(self) -> list[Subscriber]:
        world = self.world
        small = Reader(world, "sub-small-window", code.V5, "flow/+/1", 2)
        small.receive_maximum = 3
        return [
            self.watcher,
            Reader(world, "sub-v5-qos2", code.V5, "flow/#", 2),
            Reader(world, "sub-v311-qos1", code.V311, "flow/#", 1, slow=True),
            Reader(world, "sub-v5-qos1-absent", code.V5, "flow/#", 1, absent=1.0, slow=True),
            Reader(world, "sub-v311-qos2-absent", code.V311, "flow/#", 2, absent=2.0),
            small,
            Member(world, "member-0", code.V5, self.group),
            Member(world, "member-1", code.V311, self.group, absent=1.0),
        ]

    def _bystanders(self) -> list[Client]:
        world, watcher = self.world, self.watcher
        clean = [Mourned(world, "mourned-clean", code.V5, watcher, delay=0, expiry=0)]
        return [
            *(clean if self.plan.clean_wills else []),
            Mourned(world, "mourned-v311", code.V311, watcher, delay=0, expiry=DAY),
            Mourned(world, "mourned-now", code.V5, watcher, delay=0, expiry=DAY),
            Mourned(world, "mourned-later", code.V5, watcher, delay=2, expiry=DAY),
            Returning(world, "returning", watcher),
            Expiring(world, "expiring-2", 2),
            Expiring(world, "expiring-4", 4),
            Fickle(world, "fickle-v5", code.V5),
            Fickle(world, "fickle-v311", code.V311),
        ]

    # -- the run -------------------------------------------------------------------------------

    async def carry_out(self) -> bool:
        """Whether every promise was kept."""
        tasks: list[asyncio.Task[None]] = []
        try:
            await self.brokers.start()
            tasks += [asyncio.create_task(one.run()) for one in self.subscribers]
            await self._wait(lambda: all(one.subscribed.is_set() for one in self.subscribers))
            others = [*self.publishers, *self.bystanders]
            tasks += [asyncio.create_task(one.run()) for one in others]
            for number in range(1, self.plan.kills + 1):
                await self._one_life(number, tasks)
                if self.world.ledger.violation_count >= VIOLATIONS:
                    self.say("given up: too many violations")
                    break
            else:
                await self._last_life(tasks)
        except BrokerFailed as error:
            self.world.ledger.violation(f"the broker failed: {error}")
        finally:
            self.world.ended.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(self.brokers.give_up)
        self._show_violations()
        self._summary()
        return self.world.ledger.violation_count == 0

    async def _one_life(self, number: int, tasks: Sequence["asyncio.Task[None]"]) -> None:
        """Live for a while, rest if it is time for that, end, and start again."""
        if number % self.plan.check_every == 0:
            await self._rest()
        elif self.chance.random() < 0.5:
            await self._inspect()
        await self.world.first_of([self.world.ended], self.chance.uniform(0.02, self.plan.life))
        if self.chance.random() < 0.25:
            # Only subscribers at work: no publisher's message makes the broker sync.
            self.world.quiet.set()
            await self.world.first_of([self.world.ended], self.chance.uniform(0.02, 0.5))
        for task in tasks:
            if task.done():
                task.result()
        how = self.chance.random()
        if how < 0.1:
            await self.brokers.stop()
        elif how < 0.2:
            await self.brokers.kill_while_stopping()
        else:
            await self.brokers.kill()
        if self.chance.random() < 0.15:
            await self.brokers.kill_while_starting()
        if self.chance.random() < 0.1:
            await self.world.first_of([self.world.ended], self.chance.uniform(0.5, 4.0))
        self.world.quiet.clear()
        await self.brokers.start()
        self._show_violations()
        if number % 10 == 0 or number == self.plan.kills:
            self._progress(number)
            self._check_disk()

    async def _last_life(self, tasks: Sequence["asyncio.Task[None]"]) -> None:
        await self._rest()
        self.world.quiet.set()
        mourned = [one for one in self.bystanders if isinstance(one, Mourned)]
        await self._wait(lambda: not any(one.outstanding for one in mourned))
        self.world.ended.set()
        await asyncio.gather(*tasks)
        await self.brokers.stop()

    async def _rest(self) -> None:
        """Send nothing new until all that is acknowledged has arrived everywhere."""
        world = self.world
        world.quiet.set()
        await self._wait(lambda: all(one.idle for one in self.publishers))
        for one in self.publishers:
            for sent in one.in_flight.values():
                what = f"{one.name} waits for an acknowledgement of {sent.topic} {sent.number}"
                world.ledger.violation(what, sent.topic, [sent.number])
        await self._wait(lambda: not self._missing())
        for lack in self._missing():
            topic, number = lack.split()[1:3]
            world.ledger.violation(f"missing: {lack}", topic, [int(number)])
        await self._inspect()
        world.quiet.clear()

    def _missing(self) -> list[str]:
        found = [f"{self.group.name} {lack}" for lack in self.group.missing(FLOWS)]
        for one in self.subscribers:
            if isinstance(one, Reader):
                found += [f"{one.name} {lack}" for lack in one.missing()]
        return found

    async def _inspect(self) -> None:
        self.retained_checks += 1
        inspector = Inspector(self.world, f"inspector-{self.retained_checks}")
        if await inspector.inspect() < 0:
            inspector.violation("did not show what is retained")

    async def _wait(self, condition: Callable[[], bool]) -> None:
        # What was lost does not come, however long one waits.
        lost = self.world.ledger.violation_count > 0
        await self.world.until(condition, HASTY_SECONDS if lost else SETTLE_SECONDS)

    # -- what it says --------------------------------------------------------------------------

    def _show_violations(self) -> None:
        violations = self.world.ledger.violations
        for violation in violations[self._shown :]:
            self.say(violation)
        self._shown = len(violations)

    def _progress(self, number: int) -> None:
        ledger = self.world.ledger
        seconds = time.monotonic() - ledger.begun
        self.say(
            f"{seconds:6.0f} s, kill {number} of {self.plan.kills}: {ledger.acknowledged:,} "
            f"acknowledged, {ledger.received:,} received ({ledger.repeated:,} again), "
            f"{ledger.violation_count} violations"
        )

    def _check_disk(self) -> None:
        used = self._disk_bytes()
        if used > ALLOWED_DISK:
            raise BrokerFailed(f"the data directory has {used:,} bytes")

    def _disk_bytes(self) -> int:
        total = 0
        for path in self.folder.rglob("*"):
            with contextlib.suppress(FileNotFoundError):
                total += path.stat().st_size
        return total

    def _summary(self) -> None:
        ledger, brokers = self.world.ledger, self.brokers
        expiring = [one for one in self.bystanders if isinstance(one, Expiring)]
        wills = sum(one.number for one in self.bystanders if isinstance(one, Mourned))
        kept = sum(one.checked[True] for one in expiring)
        gone = sum(one.checked[False] for one in expiring)
        changes = sum(one.checks for one in self.bystanders if isinstance(one, Fickle))
        self.say(
            f"summary: seed {self.plan.seed}, durability {self.plan.durability}"
            f"{', power losses' if self.plan.power_loss else ''}: {len(brokers.starts)} starts "
            f"(slowest {max(brokers.starts, default=0):.2f} s); {ledger.sent:,} messages sent, "
            f"{ledger.acknowledged:,} acknowledged, {ledger.received:,} received, "
            f"{ledger.repeated:,} of them again; {wills} wills, {kept} sessions in time and {gone} "
            f"too late, {changes} subscriptions, {self.retained_checks} looks at what is retained; "
            f"{self._disk_bytes() >> 20} MiB of data, {brokers.lost_bytes:,} unsynced bytes lost; "
            f"{ledger.violation_count} violations"
        )
        for event, count in sorted(brokers.warnings.items()):
            self.say(f"logged {count} times: {event}")


def parse(arguments: Sequence[str]) -> tuple[Plan, Path | None]:
    """The plan, and the folder to keep."""
    parser = argparse.ArgumentParser(prog="tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, help="repeat the choices of a run (default: new ones)")
    parser.add_argument(
        "--durability",
        choices=["memory", "os", "fsync"],
        default="os",
        help="memory promises nothing: with it one sees what a broken promise looks like",
    )
    parser.add_argument(
        "--power-loss",
        action="store_true",
        help="each kill takes what was not synced (with --durability fsync)",
    )
    parser.add_argument("--life", type=float, default=1.5, help="seconds a broker lives at most")
    parser.add_argument("--check-every", type=int, default=10, help="kills between two rests")
    parser.add_argument("--rate", type=float, default=60, help="messages/s of each publisher")
    parser.add_argument(
        "--clean-wills",
        action="store_true",
        help="expect the wills of clients whose session ends with their connection, too",
    )
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="make the data there, keep it")
    given = parser.parse_args(arguments)
    if given.power_loss and given.durability != "fsync":
        parser.error("--power-loss needs --durability fsync: less promises nothing about it")
    seed = random.randrange(1 << 32) if given.seed is None else given.seed
    plan = Plan(
        given.kills,
        seed,
        given.durability,
        given.power_loss,
        given.life,
        given.check_every,
        given.rate,
        given.clean_wills,
    )
    return plan, given.keep


def main(arguments: Sequence[str]) -> int:
    """0 if every promise was kept, 1 if not, 2 for wrong arguments."""
    plan, keep = parse(arguments)
    folder = keep or Path(tempfile.mkdtemp(prefix="robustmq-crash-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"seed {plan.seed}", flush=True)
    try:
        run = Run(plan, folder, lambda text: print(text, flush=True))
        return 0 if asyncio.run(run.carry_out()) else 1
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
