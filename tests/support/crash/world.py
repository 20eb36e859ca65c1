"""What all clients of a run share."""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from crash.ledger import Ledger

DAY: Final = 86_400


@dataclass
class World:
    """The broker as clients see it, and what they are asked to do.

    up: set while a broker listens at `address`. quiet: set while publishers are to send nothing
    new and everyone is to be at home, so that what is under way can arrive. ended: set when clients
    are to leave for good.
    """

    chance: random.Random
    ledger: Ledger = field(default_factory=Ledger)
    address: tuple[str, int] = ("127.0.0.1", 0)
    up: asyncio.Event = field(default_factory=asyncio.Event)
    quiet: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    killed_at: float = 0.0
    """When the last broker was killed, on the event loop's clock."""

    async def pause(self, seconds: float) -> None:
        """Let so much time pass, or as long as it takes until everyone is to be at home."""
        await self.first_of([self.quiet, self.ended], seconds)

    async def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Return when the condition holds, or after so many seconds."""
        end = time.monotonic() + seconds
        # It is looked at rather than told: what it depends on is many clients' state.
        while not condition() and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def first_of(self, events: list[asyncio.Event], seconds: float) -> None:
        """Return when one of the events is set, or after so many seconds."""
        waits = [asyncio.ensure_future(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
