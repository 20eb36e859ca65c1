"""[D] A copy of the database in a folder beside it, to read while writing goes on.

It is made of hard links, so it costs a folder and whatever is removed meanwhile.
"""

import asyncio
import shutil
from itertools import count
from pathlib import Path
from typing import Final

from robustmq_broker.storage.read_only import ReadOnly
from robustmq_broker.storage.rocksdb.layout import FAMILIES
from robustmq_broker.storage.rocksdb.reader import RocksdbReader
from robustmq_broker.storage.rocksdb.settings import RocksdbSettings
from robustmq_broker.storage.rocksdb.shards import Shards
from robustmq_common.kv import Damaged, Database, Tuning

_SUFFIX: Final = ".snapshot-"
_TUNING: Final = Tuning(block_cache=4 * 1024 * 1024, max_open_files=64)
_PAGE: Final = 500
_PAGE_BYTES: Final = 256 * 1024


class RocksdbSnapshot(ReadOnly, RocksdbReader):
    """What `Database.checkpoint` has made in a folder, which goes with it on `close`."""

    def __init__(self, path: Path) -> None:
        super().__init__(RocksdbSettings(cached_shards=1000), path)

    async def open(self) -> None:
        await self._in_thread(self._open)
        self._is_open = True

    async def close(self) -> None:
        try:
            await super().close()
        finally:
            await asyncio.to_thread(shutil.rmtree, self.path)

    async def check(self) -> list[str]:
        return [str(damage) for damage in await self.damages()]

    async def damages(self) -> list[Damaged]:
        """Read everything, and return what cannot be read."""
        found: list[Damaged] = []
        for family in FAMILIES:
            first: bytes | None = b""
            while first is not None:
                database = self._opened("check", "")
                first, damage = database.verify(family, first, _PAGE, _PAGE_BYTES)
                if damage is not None:
                    found.append(damage)
                await asyncio.sleep(0)
        return found

    def _open(self) -> None:
        database = Database.open_copy(self.path, FAMILIES, _TUNING)
        self._shards = Shards(database, self.settings.cached_shards)
        self._database = database


def new_path(database: Path) -> Path:
    """Where the next snapshot of a database goes: a folder that does not exist."""
    folders = (database.with_name(f"{database.name}{_SUFFIX}{number}") for number in count())
    return next(folder for folder in folders if not folder.exists())


def remove_leftovers(database: Path) -> None:
    """Remove the snapshots of a process that has ended without."""
    for folder in database.parent.glob(f"{database.name}{_SUFFIX}*"):
        shutil.rmtree(folder)
