"""[D] The bans of a broker, kept in its storage."""

from collections.abc import Callable
from typing import Final

from robustmq_broker.protection.ban import (
    Ban,
    ban_key,
    checked_ban,
    checked_value,
    decode_ban,
    encode_ban,
)
from robustmq_broker.protection.ban_table import BanTable
from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import (
    Delete,
    Operation,
    Put,
    Storage,
    StorageAdapter,
    WriteBatch,
)

SHARD: Final = "bans"
_PAGE: Final = 1000


class StoredBans:
    """A table of bans, written through to `adapter`.

    damaged: what is told of each stored ban that cannot be read; it has no effect.
    """

    def __init__(self, adapter: StorageAdapter, limit: int, damaged: Callable[[str], None]) -> None:
        self._adapter = adapter
        self._damaged = damaged
        self.table = BanTable(limit)

    async def load(self) -> None:
        """Read what is stored. Raises StorageError."""
        after = b""
        while page := await self._adapter.scan(SHARD, after=after, limit=_PAGE):
            for key, value in page:
                try:
                    self.table.add(decode_ban(key, value))
                except StorageError as error:
                    self._damaged(str(error))
            after = page[-1][0]

    async def add(self, ban: Ban) -> Ban:
        """Add a ban; returns it as it is compared. Raises CallerError or StorageError."""
        ban = checked_ban(ban)
        self.table.check_room(ban)
        await self._commit(Put(SHARD, ban_key(ban.kind, ban.value), encode_ban(ban)))
        self.table.add(ban)
        return ban

    def add_soon(self, ban: Ban, storage: Storage, reserve: int) -> bool:
        """Add a checked ban at once, and store it with what else this turn of the loop writes.

        False if that would leave fewer than `reserve` places for other bans.
        """
        if not self.table.has_room(ban, reserve):
            return False
        self.table.add(ban)
        storage.write(Put(SHARD, ban_key(ban.kind, ban.value), encode_ban(ban)))
        return True

    async def delete(self, kind: str, value: str) -> bool:
        """Lift a ban; False if there is none. Raises CallerError or StorageError."""
        value = checked_value(kind, value)
        if self.table.get(kind, value) is None:
            return False
        await self._commit(Delete(SHARD, ban_key(kind, value)))
        return self.table.remove(kind, value)

    async def clear(self) -> int:
        """Lift all bans; returns how many there were. Raises StorageError."""
        bans = list(self.table)
        for first in range(0, len(bans), _PAGE):
            page = bans[first : first + _PAGE]
            await self._commit(*(Delete(SHARD, ban_key(ban.kind, ban.value)) for ban in page))
            for ban in page:
                self.table.remove(ban.kind, ban.value)
        return len(bans)

    def sweep(self, now: float, storage: Storage) -> int:
        """Forget bans that are over, some of them at a time; returns how many it were."""
        gone = self.table.remove_over(now, _PAGE)
        for ban in gone:
            storage.write(Delete(SHARD, ban_key(ban.kind, ban.value)))
        return len(gone)

    async def _commit(self, *operations: Operation) -> None:
        await self._adapter.commit(WriteBatch(list(operations)))
        if self._adapter.durability == "fsync":
            await self._adapter.sync()
