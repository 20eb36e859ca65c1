"""[D] One writer: whoever created the highest epoch object owns the store.

`epochs/NUMBER` is created, never overwritten, so of two brokers one gets a number. An owner looks
for a higher one after each manifest it wrote and before it forgets what the manifest covers: a
broker that claims first and lists manifests second has either seen that manifest or is seen itself.
"""

import json
import os
import socket
from dataclasses import dataclass
from typing import Final

from robustmq_common.errors import StorageError
from robustmq_common.files import Files, NotFound
from robustmq_common.files.store import unique

FOLDER: Final = "epochs"
_TRIES: Final = 20
_KEPT: Final = 100


class Fenced(StorageError):
    """Another broker has taken over."""


@dataclass(slots=True, frozen=True)
class Owner:
    """What an epoch object says. node: of a data directory; store: of the whole prefix."""

    store: str
    node: str
    who: str


@dataclass(slots=True, frozen=True)
class Claim:
    """An epoch that is ours. before: the one that was the highest, 0 for none."""

    files: Files
    epoch: int
    before: int
    store: str
    node: str

    async def check(self) -> None:
        """Raises Fenced if there is a higher epoch, StorageError if nobody can tell."""
        if await self.files.exists(_name(self.epoch + 1)):
            owner = await _owner(self.files, self.epoch + 1)
            who = "another broker" if owner is None else owner.who
            message = (
                f"{self.files.url} belongs to {who} now, which took it over; this broker writes "
                "nothing to it any more. Stop one of the two, or give them different URLs"
            )
            raise Fenced(message)

    async def is_ours_since(self, epoch: int) -> bool:
        """Whether nobody else has owned the store after `epoch`, and before this claim."""
        if epoch > self.before:
            return False
        for number in range(epoch + 1, self.before + 1):
            owner = await _owner(self.files, number)
            if owner is None or owner.node != self.node:
                return False
        return True

    async def tidy(self) -> None:
        """Remove the objects of epochs long past."""
        for name in await self.files.sizes(FOLDER):
            if name < _name(max(self.epoch - _KEPT, 0)):
                await self.files.delete(name)


async def claim(files: Files, node: str) -> Claim:
    """Become the owner. Raises StorageError if others are always faster."""
    who = f"process {os.getpid()} on {socket.gethostname()}"
    for _ in range(_TRIES):
        names = [name for name in await files.sizes(FOLDER) if name[-10:].isdigit()]
        before = max((int(name[-10:]) for name in names), default=0)
        owner = await _owner(files, before) if before else None
        store = owner.store if owner is not None else unique()
        mine = {"store": store, "node": node, "who": who, "token": unique()}
        if await files.create(_name(before + 1), json.dumps(mine).encode()):
            return Claim(files, before + 1, before, store, node)
    raise StorageError(f"cannot take over {files.url}: other brokers keep doing so")


async def _owner(files: Files, epoch: int) -> Owner | None:
    try:
        found = json.loads(await files.read(_name(epoch)))
        return Owner(str(found["store"]), str(found["node"]), str(found["who"]))
    except (NotFound, ValueError, KeyError, TypeError):
        # Removed long ago or damaged: whose it was cannot be told.
        return None


def _name(epoch: int) -> str:
    return f"{FOLDER}/{epoch:010d}"
