import subprocess
import sys
import time

from misbehaving_broker import Behaviour, MisbehavingBroker

from robustmq_cli.bench import messages
from robustmq_cli.bench.plan import CONN, Plan
from robustmq_cli.bench.progress import memory
from robustmq_cli.bench.worker_process import run_clock

DEADLINE = 30.0


def test_the_clock_of_a_run_is_that_of_the_world_to_begin_with() -> None:
    clock = run_clock(time.time_ns() - time.monotonic_ns())
    assert abs(clock() - time.time() * 1e6) < 1e6
    assert clock() <= clock()
    assert run_clock(5_000_000)() > run_clock(0)()


def test_a_task_is_done() -> None:
    with MisbehavingBroker(Behaviour()).running() as broker, memory(1, 0) as descriptor:
        plan = Plan(CONN, idle=3, client_id="x", port=broker.port)
        task = messages.line(
            *(messages.TASK,),
            plan=plan.to_json(),
            process=0,
            run=1,
            anchor=0,
            memory=descriptor,
        )
        told = [messages.line(messages.START, subscribers=0), messages.line("drain", sent={})]
        done = subprocess.run(
            [sys.executable, "-m", "robustmq_cli.bench.worker_process"],
            input=b"".join([task, *told]),
            capture_output=True,
            pass_fds=[descriptor],
            timeout=DEADLINE,
        )
    assert done.returncode == 0, done.stderr
    kinds = [messages.parse(line)["kind"] for line in done.stdout.splitlines()]
    assert kinds == ["ready", "done", "result"]
