"""[D] The event loop: uvloop where there is one (twice the messages per second), else asyncio's."""

import asyncio

try:
    import uvloop
except ImportError:  # PyPy, or a platform without wheels
    uvloop = None  # type: ignore[assignment]


def new_event_loop() -> asyncio.AbstractEventLoop:
    if uvloop is None:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
