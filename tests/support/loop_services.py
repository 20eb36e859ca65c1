"""`FakeServices` inside a running event loop: coroutines run as tasks, time is still the test's."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from robustmq_common.testing import FakeServices


class LoopServices(FakeServices):
    """What `run` starts is really awaited; `settle` waits until all of it is done."""

    def __init__(self, sections: Mapping[str, Any] | None = None) -> None:
        super().__init__(sections)
        self.tasks: set[asyncio.Task[None]] = set()

    def run(
        self, work: Coroutine[Any, Any, Any], done: Callable[[Any, Exception | None], None]
    ) -> None:
        async def report() -> None:
            try:
                result, error = await work, None
            except Exception as raised:
                result, error = None, raised
            done(result, error)

        task = asyncio.get_running_loop().create_task(report())
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    run_at_once = run

    async def settle(self) -> None:
        while self.tasks:
            await asyncio.gather(*self.tasks)
