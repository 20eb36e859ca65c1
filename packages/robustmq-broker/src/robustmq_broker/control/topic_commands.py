"""[R] topic.*: what is published to topics, and what their logs have."""

import contextlib
from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from robustmq_broker.control.command import PAGE, Answers, Arguments, Command, Context
from robustmq_broker.control.topic_history import TopicHistory
from robustmq_broker.control.topic_tap import TopicTap
from robustmq_common.errors import CallerError
from robustmq_common.spi.consumers import AtOffset, AtTime, Edge
from robustmq_common.topic_filters import filter_problem


class TailArguments(Arguments):
    """minimum_qos: leave out messages with less. payload_max: bytes of a payload to send.

    start: first, what the logs of matching topics have from there on. group: as this consumer
    group, which goes on in each log where it has got to.
    """

    filter: str
    minimum_qos: int = Field(0, ge=0, le=2)
    payload_max: int = Field(1024, ge=0, le=65_536)
    count: int | None = Field(None, ge=1)
    start: AtOffset | AtTime | Edge | None = None
    group: str = ""


async def tail(context: Context, given: TailArguments) -> Answers:
    """Messages as they are published, after those of the past if they are asked for.

    The first answer has none: it says that from now on nothing published is missed.
    """
    router = context.running_router()
    problem = filter_problem(given.filter)
    if problem:
        raise CallerError(f"topic filter {given.filter!r}: {problem}")
    tap = TopicTap(given.filter, given.minimum_qos, given.payload_max)
    router.subscribe(given.filter, tap)
    try:
        yield {"messages": [], "dropped": 0}
        left = given.count
        if given.start is not None or given.group:
            async with contextlib.aclosing(_history(context, given, tap, left)) as pages:
                async for page in pages:
                    yield page
                    left = None if left is None else left - len(page["messages"])
        while left is None or left > 0:
            messages = await tap.take(PAGE if left is None else min(PAGE, left))
            yield {"messages": messages, "dropped": tap.dropped}
            left = None if left is None else left - len(messages)
    finally:
        router.unsubscribe(given.filter, tap)


async def _history(
    context: Context, given: TailArguments, tap: TopicTap, count: int | None
) -> Answers:
    history = TopicHistory(given.filter, given.start or Edge.EARLIEST, given.group)
    await history.open(context.adapters)
    page: list[dict[str, Any]] = []
    taken = 0
    async with contextlib.aclosing(history.messages()) as messages:
        async for message in messages:
            if tap.wants(message):
                page.append(tap.fields(message))
                taken += 1
            if len(page) == PAGE or taken == count:
                yield {"messages": page, "dropped": tap.dropped}
                # Behind what was handed on, and not only read.
                await history.commit()
                page = []
            if taken == count:
                return
    if page:
        yield {"messages": page, "dropped": tap.dropped}
    await history.commit()


COMMANDS: Final[Mapping[str, Command[Any]]] = {"topic.tail": Command(TailArguments, tail)}
