"""[A] `python -m robustmq_cli.bench.worker_process`: a worker; its task is standard input."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable

from robustmq_broker.app import new_event_loop, raise_file_limit, relax_garbage_collector
from robustmq_cli.bench import messages
from robustmq_cli.bench.conversation import Conversation
from robustmq_cli.bench.plan import Plan
from robustmq_cli.bench.progress import Progress
from robustmq_cli.bench.worker import Worker


def run_clock(anchor: int) -> Callable[[], int]:
    """Microseconds since the epoch, by a clock that is never set back.

    anchor: what to add to the monotonic clock, in nanoseconds. All processes of a run use the same.
    """
    monotonic = time.monotonic_ns
    return lambda: (monotonic() + anchor) // 1000


def tell_parent(line: bytes) -> None:
    """Write a message to standard output."""
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


async def work() -> None:
    """Read the task and do it."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(messages.LONGEST)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    task = messages.parse(await reader.readline())
    plan = Plan(**task["plan"])
    process: int = task["process"]
    progress = Progress(task["memory"], plan.processes, plan.publishers, process)
    worker = Worker(plan, process, task["run"], run_clock(task["anchor"]), progress)
    await Conversation(worker, reader, tell_parent).hold()


def main() -> None:
    # Ctrl-C is for the process that was started by hand: it tells the workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise_file_limit()
    relax_garbage_collector()
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(work())
    except BrokenPipeError:
        sys.exit("robust-bench: the process that was to be told the result is gone")


if __name__ == "__main__":
    main()
