"""Parts of a run, without the processes around them."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from misbehaving_broker import Behaviour, MisbehavingBroker

from robustmq_cli.bench.client import Surroundings
from robustmq_cli.bench.plan import Plan
from robustmq_mqtt.client import Received

T = TypeVar("T")
RUN = 9
DEADLINE = 20.0


def clock() -> int:
    return time.monotonic_ns() // 1000


def surroundings(plan: Plan) -> Surroundings:
    return Surroundings(plan, clock, Received(RUN, plan.publishers))


def with_broker(behaviour: Behaviour, doing: Callable[[MisbehavingBroker], Awaitable[T]]) -> T:
    """Do something that needs a broker."""

    async def within_deadline(broker: MisbehavingBroker) -> T:
        async with asyncio.timeout(DEADLINE):
            return await doing(broker)

    with MisbehavingBroker(behaviour).running() as broker:
        return asyncio.run(within_deadline(broker))


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the event loop will bring about."""
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - anything may be waited for
            await asyncio.sleep(0)
