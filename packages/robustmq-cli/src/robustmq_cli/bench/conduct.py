"""[D] A run of robust-bench: starts the workers, keeps them in step, adds up what they tell."""

import asyncio
import secrets
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from robustmq_cli.bench import messages
from robustmq_cli.bench.plan import Plan
from robustmq_cli.bench.progress import memory
from robustmq_cli.bench.series import Series
from robustmq_cli.bench.tally import Total, report_from_json
from robustmq_cli.processes import ending
from robustmq_mqtt.client import MAX_RUN

SECOND: Final = 1.0
SILENCE: Final = 20.0
"""Seconds, beyond --timeout, without a word from a worker: it is ended then."""
GOODBYE: Final = 5.0
"""Seconds for a worker to end after its result."""

Tell = Callable[[Series, Total], None]


@dataclass
class WorkerProcess:
    """A worker as its parent sees it: what has arrived, and when it was last heard of."""

    number: int
    process: asyncio.subprocess.Process
    arrived: dict[str, asyncio.Future[dict[str, Any] | None]] = field(default_factory=dict)
    heard: float = 0.0

    def say(self, kind: str, **values: Any) -> None:
        """Send a message, if there is somebody to read it."""
        stdin = self.process.stdin
        if stdin is not None and not stdin.is_closing():
            stdin.write(messages.line(kind, **values))


class Conductor:
    """One run. `total` and `series` are what has come out of it so far."""

    def __init__(self, plan: Plan, tell: Tell) -> None:
        self.plan = plan
        self.total = Total(plan.processes)
        self.series = Series(time.monotonic())
        self.interrupted = False
        self._given_up = False
        self._tell = tell
        self._run = secrets.randbelow(MAX_RUN) + 1
        self._workers: list[WorkerProcess] = []

    async def conduct(self) -> None:
        """Do it all. A second interruption raises KeyboardInterrupt."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        loop.add_signal_handler(signal.SIGTERM, self._interrupt)
        helpers: list[asyncio.Future[None]] = []
        try:
            with memory(self.plan.processes, self.plan.publishers) as shared:
                await self._start_all(shared)
            helpers = [asyncio.ensure_future(self._listen(one)) for one in self._workers]
            helpers.append(asyncio.ensure_future(self._every_second()))
            await self._phases()
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            loop.remove_signal_handler(signal.SIGTERM)
            for helper in helpers:
                helper.cancel()
            await _all(self._end(one) for one in self._workers)
        if self._given_up:
            raise KeyboardInterrupt

    async def _phases(self) -> None:
        ready = await self._all_arrived(messages.READY)
        subscribers = sum(one["subscribers"] for one in ready)
        self.series.begin(time.monotonic())
        self._say(messages.START, subscribers=subscribers)
        sent: dict[str, int] = {}
        for one in await self._all_arrived(messages.DONE):
            sent.update(one["sent"])
        self._say(messages.DRAIN, sent=sent)
        await self._all_arrived(messages.RESULT)
        self.series.add(self.total, time.monotonic())

    # -- workers -------------------------------------------------------------------------------

    async def _start_all(self, shared: int) -> None:
        anchor = time.time_ns() - time.monotonic_ns()
        for number in range(self.plan.processes):
            # -P: what lies in the working directory must not be imported instead of what is
            # installed. A session of its own: Ctrl-C is for this process.
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "robustmq_cli.bench.worker_process"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                pass_fds=[shared],
                start_new_session=True,
                limit=messages.LONGEST,
            )
            worker = WorkerProcess(number, process)
            loop = asyncio.get_running_loop()
            for kind in (messages.READY, messages.DONE, messages.RESULT):
                worker.arrived[kind] = loop.create_future()
            worker.heard = loop.time()
            self._workers.append(worker)
            worker.say(
                messages.TASK,
                plan=self.plan.to_json(),
                process=number,
                run=self._run,
                anchor=anchor,
                memory=shared,
            )

    async def _listen(self, worker: WorkerProcess) -> None:
        """Take in what a worker tells, to its end."""
        assert worker.process.stdout is not None
        try:
            while text := await worker.process.stdout.readline():
                worker.heard = asyncio.get_running_loop().time()
                message = messages.parse(text)
                if "report" in message:
                    self.total.take(worker.number, report_from_json(message["report"]))
                future = worker.arrived.get(message["kind"])
                if future is not None and not future.done():
                    future.set_result(message)
        except (ValueError, KeyError, TypeError) as error:
            self.total.own_errors.count(f"a worker process told nonsense: {error}")
            worker.process.kill()
        if not worker.arrived[messages.RESULT].done():
            code = await worker.process.wait()
            self.total.own_errors.count(f"a worker process {ending(code)}")
        for future in worker.arrived.values():
            if not future.done():
                future.set_result(None)

    async def _all_arrived(self, kind: str) -> list[dict[str, Any]]:
        """Wait for a message of each worker; those that have ended have none."""
        arrived = await asyncio.gather(*(one.arrived[kind] for one in self._workers))
        return [message for message in arrived if message is not None]

    def _say(self, kind: str, **values: Any) -> None:
        for worker in self._workers:
            worker.say(kind, **values)

    async def _end(self, worker: WorkerProcess) -> None:
        if worker.process.stdin is not None:
            worker.process.stdin.close()
        try:
            async with asyncio.timeout(0 if self._given_up else GOODBYE):
                await worker.process.wait()
        except TimeoutError:
            worker.process.kill()
            await worker.process.wait()

    # -- time and signals ----------------------------------------------------------------------

    async def _every_second(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SECOND)
            self.series.add(self.total, time.monotonic())
            self._tell(self.series, self.total)
            for worker in self._workers:
                if loop.time() - worker.heard > self.plan.timeout + SILENCE:
                    self.total.own_errors.count("a worker process did not answer and was ended")
                    worker.process.kill()
                    worker.heard = float("inf")

    def _interrupt(self) -> None:
        if self.interrupted:
            self._given_up = True
            for worker in self._workers:
                if worker.process.returncode is None:
                    worker.process.kill()
            return
        self.interrupted = True
        self._say(messages.STOP)


async def _all(tasks: Iterable[Awaitable[None]]) -> None:
    await asyncio.gather(*tasks)
