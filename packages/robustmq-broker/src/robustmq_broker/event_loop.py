"""[D] The event loop: uvloop where there is one (twice the messages per second), else asyncio's."""

import asyncio
import importlib
import importlib.util


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop for `asyncio.Runner`."""
    if importlib.util.find_spec("uvloop") is None:  # PyPy, or a platform without wheels
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = importlib.import_module("uvloop").new_event_loop()
    return loop
