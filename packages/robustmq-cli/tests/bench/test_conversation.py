import asyncio
from typing import Any

import pytest
from bench_parts import RUN, clock, with_broker
from misbehaving_broker import Behaviour, MisbehavingBroker

from robustmq_cli.bench import messages
from robustmq_cli.bench.conversation import Conversation
from robustmq_cli.bench.plan import CONN, Plan
from robustmq_cli.bench.progress import Progress, memory
from robustmq_cli.bench.worker import Worker


def talk(told: list[bytes], *, end: bool = False, duration: float = 0.0) -> list[dict[str, Any]]:
    """What a worker with one connection answers to these lines."""

    async def doing(broker: MisbehavingBroker) -> list[dict[str, Any]]:
        with memory(1, 0) as descriptor:
            progress = Progress(descriptor, 1, 0, 0)
        plan = Plan(CONN, idle=1, client_id="x", port=broker.port, duration=duration)
        reader = asyncio.StreamReader()
        for line in told:
            reader.feed_data(line)
        if end:
            reader.feed_eof()
        said: list[bytes] = []
        worker = Worker(plan, 0, RUN, clock, progress)
        try:
            await Conversation(worker, reader, said.append).hold()
        finally:
            await worker.leave()
        return [messages.parse(line) for line in said]

    return with_broker(Behaviour(), doing)


START = messages.line(messages.START, subscribers=0)
DRAIN = messages.line(messages.DRAIN, sent={})
STOP = messages.line(messages.STOP)


def test_each_phase_is_answered() -> None:
    said = talk([START, DRAIN])
    assert [one["kind"] for one in said] == ["ready", "done", "result"]
    assert said[2]["report"]["counts"]["connected"] == 1
    assert said[2]["report"]["errors"] == {}


def test_progress_is_told_every_second() -> None:
    said = talk([START, DRAIN], duration=1.5)
    assert "progress" in [one["kind"] for one in said]


def test_a_stop_is_heard_at_any_time() -> None:
    said = talk([START, STOP, DRAIN], duration=600)
    assert said[-1]["kind"] == "result"


def test_it_ends_when_nobody_is_left_to_talk_to() -> None:
    said = talk([START], end=True, duration=600)
    assert [one["kind"] for one in said] == ["ready", "done", "result"]


def test_what_is_out_of_turn_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected start, but was told drain"):
        talk([DRAIN])
