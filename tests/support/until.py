"""Waits for what happens in the background, without keeping a core from those who do it."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

DEADLINE: Final = 30.0
_PAUSE: Final = 0.005


async def until(condition: Callable[[], bool], otherwise: str = "it does not happen") -> None:
    """Return when the condition holds; fails the test if that takes longer than the deadline."""
    loop = asyncio.get_running_loop()
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, otherwise
        pause = loop.create_future()
        loop.call_later(_PAUSE, pause.set_result, None)
        await pause
