import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from misbehaving_broker import Behaviour, MisbehavingBroker

from robustmq_cli.bench.conduct import Conductor
from robustmq_cli.bench.plan import CONN, ROUNDTRIP, Plan
from robustmq_cli.bench.series import Series
from robustmq_cli.bench.tally import Total

HELD = Plan(CONN, idle=4, client_id="x", processes=2, duration=600)


def conduct(plan: Plan, tell: Callable[[], None] = lambda: None) -> Conductor:
    """Do a run, and something every second of it."""

    def told(_series: Series, _total: Total) -> None:
        tell()

    with MisbehavingBroker(Behaviour()).running() as broker:
        conductor = Conductor(replace(plan, port=broker.port), told)
        try:
            asyncio.run(conductor.conduct())
        finally:
            assert children() == []
    return conductor


def children() -> list[int]:
    """The processes that this one has started and that are still there: but no zombies."""
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in map(int, found) if b"worker_process" in command_line(pid)]


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def test_workers_add_up() -> None:
    plan = Plan(
        *(ROUNDTRIP,), publishers=3, subscribers=3, topic="a", client_id="x", count=20, processes=2
    )
    conductor = conduct(plan)
    total = conductor.total
    assert total.errors() == {}
    assert (total.counts().sent, total.counts().received) == (60, 180)
    assert total.latencies["end_to_end"].count == 180
    assert conductor.series.points
    assert not conductor.interrupted


def test_an_interruption_ends_it_with_what_there_is() -> None:
    interrupted: list[int] = []

    def interrupt() -> None:
        if not interrupted:
            interrupted.append(1)
            signal.raise_signal(signal.SIGINT)

    conductor = conduct(HELD, interrupt)
    assert conductor.interrupted
    assert conductor.total.errors() == {}
    assert conductor.total.counts().connected == 4


def test_two_interruptions_end_it_at_once() -> None:
    def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        conduct(HELD, interrupt)


def test_a_worker_that_dies_is_an_error_and_the_others_go_on() -> None:
    killed: list[int] = []

    def kill() -> None:
        if not killed:
            killed.append(children()[0])
            os.kill(killed[0], signal.SIGKILL)
        else:
            signal.raise_signal(signal.SIGTERM)

    conductor = conduct(HELD, kill)
    assert conductor.total.errors() == {"a worker process was ended by SIGKILL": 1}
