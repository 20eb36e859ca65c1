"""One broker after another on the same data directory, each ended without warning."""

import asyncio
import os
import random
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from broker_process import BrokerFailed, BrokerProcess
from crash.disk import ForgetfulDisk
from crash.world import World

BROKER: Final = "the broker"
DATABASE: Final = "rocksdb"


class Brokers:
    """The brokers of a run.

    disk: takes what was not synced with each kill; None for a disk that keeps it, as the end of a
    process alone does.
    """

    def __init__(
        self,
        world: World,
        folder: Path,
        settings: Mapping[str, str],
        disk: ForgetfulDisk | None,
    ) -> None:
        self.world = world
        self.folder = folder
        self.settings = settings
        self.disk = disk
        self.chance = random.Random(world.chance.random())
        self.starts: list[float] = []
        self.lost_bytes = 0
        self.warnings: dict[str, int] = {}
        self._broker: BrokerProcess | None = None

    async def start(self) -> None:
        """Start a broker and let clients in; BrokerFailed if it does not come up."""
        begun = time.monotonic()
        broker = self._launch()
        await asyncio.to_thread(broker.wait_started)
        self.starts.append(time.monotonic() - begun)
        self.world.address = broker.address
        self.world.ledger.note_client(BROKER, "up")
        self.world.up.set()

    async def kill_while_starting(self) -> None:
        """Start a broker, and kill it before or after it listens."""
        self._launch()
        usual = self.starts[-1] if self.starts else 1.0
        await asyncio.sleep(self.chance.uniform(0, usual))
        await self.kill("killed while it was starting")

    async def kill_while_stopping(self) -> None:
        """Ask the broker to stop, and kill it before it has."""
        assert self._broker is not None
        self.world.up.clear()
        self.world.killed_at = asyncio.get_running_loop().time()
        self.world.ledger.note_client(BROKER, "asked to stop")
        self._broker.terminate()
        await asyncio.sleep(self.chance.uniform(0, 0.5))
        await self.kill("killed while it was stopping")

    async def kill(self, how: str = "killed") -> None:
        """Kill the broker; what was not synced is lost if the disk is a forgetful one."""
        broker, world = self._broker, self.world
        assert broker is not None
        world.up.clear()
        world.killed_at = asyncio.get_running_loop().time()
        world.ledger.note_client(BROKER, how)
        os.kill(broker.pid, signal.SIGKILL)
        await asyncio.to_thread(broker.kill)
        self._check_log(broker)
        if self.disk is not None:
            lost = self.disk.lose_power(self.chance)
            self.lost_bytes += lost
            world.ledger.note_client(BROKER, f"power lost, {lost} bytes with it")

    async def stop(self) -> None:
        """Stop the broker as an operator does."""
        broker, world = self._broker, self.world
        assert broker is not None
        world.up.clear()
        world.killed_at = asyncio.get_running_loop().time()
        world.ledger.note_client(BROKER, "asked to stop")
        try:
            await asyncio.to_thread(broker.stop)
        except BrokerFailed as error:
            world.ledger.violation(f"the broker did not stop properly: {error}")
        self._check_log(broker)

    def give_up(self) -> None:
        """Whatever happened: leave no process behind."""
        if self._broker is not None:
            self._broker.kill()

    def _launch(self) -> BrokerProcess:
        environment = self.disk.environment() if self.disk is not None else {}
        self._broker = BrokerProcess(self.folder, self.settings, environment=environment)
        self._broker.launch()
        return self._broker

    def _check_log(self, broker: BrokerProcess) -> None:
        try:
            broker.check_log()
        except BrokerFailed as error:
            self.world.ledger.violation(str(error))
        for record in broker.records:
            if record.get("level") in {"warning", "error", "critical"}:
                event = str(record.get("event"))
                self.warnings[event] = self.warnings.get(event, 0) + 1
