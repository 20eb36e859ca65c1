"""[D] A read-only copy: the state that a manifest names, and the segments, which stay meanwhile."""

from typing import NoReturn

from robustmq_broker.storage.object.manifest import Manifest
from robustmq_broker.storage.object.reader import SegmentReader
from robustmq_broker.storage.object.reads import ObjectReads
from robustmq_broker.storage.object.recovery import load_state
from robustmq_broker.storage.object.segment import Damaged, Extent
from robustmq_broker.storage.object.settings import ObjectSettings
from robustmq_broker.storage.object.state import ObjectShard, State
from robustmq_broker.storage.object.uploader import Uploader
from robustmq_common.errors import StorageError
from robustmq_common.spi.storage import WriteBatch


class ObjectSnapshot(ObjectReads):
    """What was stored when it was made; needs as much memory for shards and keys once more."""

    name = "object"

    def __init__(self, uploader: Uploader, state: State, settings: ObjectSettings) -> None:
        self._uploader = uploader
        self._state = state
        self._reader = SegmentReader(
            uploader.files, self._size_of, settings.cache, settings.read_ahead
        )
        self._is_open = True

    @classmethod
    async def load(
        cls, uploader: Uploader, manifest: Manifest, settings: ObjectSettings
    ) -> "ObjectSnapshot":
        """Read a manifest's state; `uploader.pins` counts this snapshot already."""
        try:
            state = await load_state(uploader.files, manifest, None)
        except Damaged as damage:
            raise StorageError(f"the state of {uploader.files.url} is damaged: {damage}") from None
        return cls(uploader, state, settings)

    async def open(self) -> None:
        """It is open."""

    async def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._uploader.pins -= 1

    async def commit(self, batch: WriteBatch) -> list[int]:  # noqa: ARG002
        self._refuse("commit")

    async def sync(self) -> None:
        """Everything in it is stored."""

    async def sweep(self) -> bool:
        self._refuse("sweep")

    async def compact(self) -> None:
        self._refuse("compact")

    async def snapshot(self) -> NoReturn:
        self._refuse("snapshot")

    async def check(self) -> list[str]:
        return []

    async def wait_for_change(self, shard: str, end: int) -> None:
        self._refuse(f"wait for change of shard {shard!r} beyond {end}")

    async def _damaged(self, shard: ObjectShard, extent: Extent, error: Exception) -> None:
        raise StorageError(f"read of shard {shard.name!r} at {extent.first}: {error}") from error

    def _size_of(self, segment: int) -> int | None:
        known = self._state.segments.get(segment)
        return None if known is None else known.size

    def _refuse(self, what: str) -> NoReturn:
        raise StorageError(f"{what}: a snapshot of the object storage is for reading only")
