"""[D] A read-only copy: the state that a manifest names, and the segments, which stay meanwhile."""

from robustmq_broker.storage.object.checking import check_objects
from robustmq_broker.storage.object.manifest import Manifest
from robustmq_broker.storage.object.reader import SegmentReader
from robustmq_broker.storage.object.reads import ObjectReads
from robustmq_broker.storage.object.recovery import load_state
from robustmq_broker.storage.object.segment import Damaged, Extent
from robustmq_broker.storage.object.settings import ObjectSettings
from robustmq_broker.storage.object.state import ObjectShard, State
from robustmq_broker.storage.object.uploader import Uploader
from robustmq_broker.storage.read_only import ReadOnly
from robustmq_common.errors import StorageError


class ObjectSnapshot(ReadOnly, ObjectReads):
    """What was stored when it was made; needs as much memory for shards and keys once more."""

    name = "object"

    def __init__(
        self, uploader: Uploader, manifest: Manifest, state: State, settings: ObjectSettings
    ) -> None:
        self._uploader = uploader
        self._manifest = manifest
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
            state, _ = await load_state(uploader.files, manifest, None)
        except Damaged as damage:
            raise StorageError(f"the state of {uploader.files.url} is damaged: {damage}") from None
        return cls(uploader, manifest, state, settings)

    async def open(self) -> None:
        """It is open."""

    async def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._uploader.pins -= 1

    async def check(self) -> list[str]:
        self._look("check", "")
        return await check_objects(self._uploader.files, self._manifest, self._state)

    async def wait_for_change(self, shard: str, end: int) -> None:  # noqa: ARG002
        self._refuse("wait_for_change", shard)

    async def _damaged(self, shard: ObjectShard, extent: Extent, error: Exception) -> None:
        raise StorageError(f"read of shard {shard.name!r} at {extent.first}: {error}") from error

    def _size_of(self, segment: int) -> int | None:
        known = self._state.segments.get(segment)
        return None if known is None else known.size
