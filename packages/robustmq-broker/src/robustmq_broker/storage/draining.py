"""[D] Waiting until a storage has nothing left to do."""

import asyncio
from functools import partial

from robustmq_broker.storage.group_commit import GroupCommit


async def drain(storage: GroupCommit) -> None:
    """Return when nothing is left to commit, including what callbacks write meanwhile."""
    while storage.is_busy():
        drained = asyncio.get_running_loop().create_future()
        storage.when_idle(partial(_release, drained))
        await drained


def _release(future: "asyncio.Future[None]", _error: Exception | None) -> None:
    # The one who drains may have been cancelled.
    if not future.done():
        future.set_result(None)
