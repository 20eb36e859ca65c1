"""uvloop where it is installed, asyncio's own loop elsewhere."""

import asyncio
import importlib.util

from robustmq_broker.event_loop import new_event_loop


def test_the_fastest_loop_there_is() -> None:
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        module = type(runner.get_loop()).__module__
        assert module.startswith("uvloop" if importlib.util.find_spec("uvloop") else "asyncio")

        async def work() -> int:
            return 7

        assert runner.run(work()) == 7
