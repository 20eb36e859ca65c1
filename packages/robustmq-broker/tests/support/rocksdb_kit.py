"""Makes a database with the adapter's layout, for tests of its parts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from robustmq_broker.storage.rocksdb.layout import FAMILIES
from robustmq_broker.storage.rocksdb.shards import Shards
from robustmq_broker.storage.rocksdb.stage import Stage
from robustmq_common.kv import Database, Tuning
from robustmq_common.spi.storage import Operation


class Kit:
    """A database, what is known of its shards, and commits to it."""

    def __init__(self, database: Database, limit: int) -> None:
        self.database = database
        self.shards = Shards(database, limit)
        self.next_id = 1

    def stage(self) -> Stage:
        return Stage(self.database, self.shards.look_up, self.next_id, self.shards.deferred)

    def write(self, stage: Stage) -> None:
        stage.finish()
        self.database.write(stage.batch)
        self.next_id = stage.next_id
        self.shards.adopt(stage.states)

    def commit(self, *operations: Operation) -> list[int]:
        stage = self.stage()
        offsets = stage.apply(operations)
        self.write(stage)
        return offsets

    def forget(self) -> None:
        """As after a restart."""
        self.shards = Shards(self.database, 1000)

    def count(self, family: str) -> int:
        return len(self.database.scan(family, b"", b"\xff" * 24, 100_000))


@contextmanager
def kit(folder: Path, limit: int = 1000) -> Iterator[Kit]:
    database = Database.open(folder, FAMILIES, Tuning())
    try:
        yield Kit(database, limit)
    finally:
        database.close()
