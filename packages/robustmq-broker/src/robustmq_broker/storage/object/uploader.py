"""[D] Brings sealed generations into the object store, and keeps the store tidy.

Everything that is written there is written by one task, one object after the other: a segment, the
changes, the manifest that names both. Only then is the local log forgotten. A request that fails is
tried again for as long as it takes; what waits meanwhile is bounded by the adapter.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, TypeVar

from robustmq_broker.storage.object.changes import (
    Changes,
    decode_changes,
    encode_changes,
    merge,
    tidy,
)
from robustmq_broker.storage.object.manifest import FOLDER as MANIFESTS
from robustmq_broker.storage.object.manifest import Manifest, encode_manifest
from robustmq_broker.storage.object.ownership import Claim, Fenced
from robustmq_broker.storage.object.reader import FOLDER as SEGMENTS
from robustmq_broker.storage.object.reader import SegmentReader, segment_name
from robustmq_broker.storage.object.segment import Damaged, Extent, Record, encode_segment
from robustmq_broker.storage.object.settings import ObjectSettings
from robustmq_broker.storage.object.state import Generation, Segment, State, live_records
from robustmq_common.errors import StorageError
from robustmq_common.files import Files, NotFound
from robustmq_common.spi.services import Log

Result = TypeVar("Result")

STATES: Final = "states"
_FIRST_PAUSE: Final = 0.1
_MERGED_STATES: Final = 32
_MERGED_WHOLE: Final = 8


@dataclass(slots=True)
class Sealed:
    """A generation that is complete. done: the manifest that has it, once there is one."""

    generation: Generation
    changes: Changes
    next_id: int
    paths: list[Path]
    done: "asyncio.Future[Manifest]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Uploader:
    """The writing side of the object store.

    stored: told of each generation that is in the store.
    """

    def __init__(
        self,
        files: Files,
        claim: Claim,
        state: State,
        reader: SegmentReader,
        settings: ObjectSettings,
        log: Log,
        stored: Callable[[Sealed], None],
    ) -> None:
        self.files = files
        self.claim = claim
        self.state = state
        self.reader = reader
        self.settings = settings
        self.log = log
        self.manifest = Manifest()
        self.trouble = ""
        self._stored = stored
        self.threads = ThreadPoolExecutor(1, thread_name_prefix="object")
        self.pins = 0
        self._numbers = 0
        self._cannot_merge = False
        # What the manifest before the newest names: it goes with the next one.
        self._doomed: list[str] = []
        self._garbage: list[str] = []

    def new_segment(self) -> int:
        """The id of a segment that there never was."""
        self._numbers += 1
        return self.claim.epoch << 32 | self._numbers

    async def begin(self, found: Manifest) -> None:
        """Publish what was found as ours: manifests of owners before do not count any more."""
        self.manifest = replace(found, epoch=self.claim.epoch, number=0)
        await self.publish(found.states, found.sequence, found.next_id, [])

    async def upload(self, sealed: Sealed) -> None:
        """Write a generation. Raises Fenced."""
        generation, changes = sealed.generation, sealed.changes
        records = await self.in_thread(lambda: live_records(generation, changes))
        extents = await self.write_segment(records, changes)
        states = (*self.manifest.states, await self.write_changes(changes))
        gone = [segment_name(segment) for segment in changes.removed]
        await self.publish(states, generation.last, sealed.next_id, gone)
        for id_, found in extents.items():
            shard = self.state.by_id.get(id_)
            if shard is not None:
                self.state.adopt(shard, found)
        self.state.stored(generation, {id_: it.end for id_, it in changes.entries.items()})
        self._find_dead(changes)
        self._stored(sealed)
        if not sealed.done.done():
            sealed.done.set_result(self.manifest)

    def _find_dead(self, changes: Changes) -> None:
        """Segments that have died before they were in use."""
        for id_ in changes.added:
            segment = self.state.segments.get(id_)
            if segment is not None and segment.live <= 0:
                self.state.dead.add(id_)

    async def write_segment(
        self, records: list[Record], changes: Changes
    ) -> dict[int, list[Extent]]:
        """Write records, sorted already, as a segment, and add it to the changes."""
        if not records:
            return {}
        id_ = self.new_segment()
        data, extents = await self.in_thread(
            lambda: encode_segment(id_, records, self.settings.block_size)
        )
        await self.again(lambda: self.files.write(segment_name(id_), data))
        changes.added[id_] = len(data)
        for shard, found in extents.items():
            changes.entries[shard].extents = found
        self.state.segments[id_] = Segment(len(data))
        self.reader.remember(id_, data)
        return extents

    async def write_changes(self, changes: Changes) -> tuple[str, int]:
        """Write changes as an object; returns its name and bytes."""
        self._numbers += 1
        name = f"{STATES}/{self.claim.epoch:010d}-{self._numbers:010d}"
        data = await self.in_thread(lambda: encode_changes(changes))
        await self.again(lambda: self.files.write(name, data))
        return name, len(data)

    async def publish(
        self, states: tuple[tuple[str, int], ...], sequence: int, next_id: int, gone: list[str]
    ) -> None:
        """Make this the content of the store. gone: objects that are not needed for it.

        Raises Fenced, also if the manifest was written and may be seen by the new owner.
        """
        before = self.manifest
        manifest = replace(
            before, number=before.number + 1, states=states, sequence=sequence, next_id=next_id
        )
        data = encode_manifest(manifest)
        await self.again(self.claim.check)
        if not await self.again(lambda: self.files.create(manifest.name, data)):
            raise Fenced(f"{self.files.url}/{manifest.name} was written by somebody else")
        await self.again(self.claim.check)
        self.manifest = manifest
        kept = {name for name, _ in states}
        self._garbage += self._doomed
        self._doomed = [*gone, *(name for name, _ in before.states if name not in kept)]
        if before.number > 0:
            self._doomed.append(before.name)
        await self.delete_garbage()

    async def delete_garbage(self) -> None:
        """Delete what no manifest names that is kept, unless a snapshot may read it."""
        while self._garbage and not self.pins:
            try:
                await self.files.delete(self._garbage[-1])
            except StorageError as error:
                # The next time, or the next start, finds it.
                self.log.warning("an object that is not needed stays", reason=str(error))
                return
            self._garbage.pop()

    async def merge_states(self, *, whole: bool = False) -> bool:
        """Make one of many objects with changes; returns whether that was called for."""
        states = self.manifest.states
        newer = sum(size for _, size in states[1:])
        complete = len(states) > 1 and (
            whole or (len(states) >= _MERGED_WHOLE and newer >= states[0][1])
        )
        if self._cannot_merge or not (complete or len(states) >= _MERGED_STATES):
            return False
        chosen = states if complete else states[1:]
        merged, name = Changes(), ""
        try:
            for name, _ in chosen:
                merged = await self._merge_one(merged, name)
        except (Damaged, NotFound) as damage:
            self._cannot_merge = True
            self.log.error(
                "an object with changes is damaged; what it held is lost with the next start",
                object=f"{self.files.url}/{name}",
                reason=str(damage),
            )
            return False
        merged = await self.in_thread(lambda: tidy(merged, complete=complete))
        written = await self.write_changes(merged)
        rest = () if complete else states[:1]
        manifest = self.manifest
        await self.publish((*rest, written), manifest.sequence, manifest.next_id, [])
        return True

    async def _merge_one(self, older: Changes, name: str) -> Changes:
        data = await self.again(lambda: self.files.read(name))
        return await self.in_thread(lambda: merge(older, decode_changes(data)))

    async def remove_orphans(self) -> None:
        """Delete what earlier owners wrote and no manifest names; `.corrupt` ones stay."""
        named = {name for name, _ in self.manifest.states} | set(self._doomed)
        named |= {segment_name(id_) for id_ in self.state.segments}
        named |= {segment_name(id_) for id_ in self.state.dead}
        ours = f"{self.claim.epoch:010d}-"
        for folder in (SEGMENTS, STATES, MANIFESTS):
            for name in await self.files.sizes(folder):
                is_ours = name.removeprefix(f"{folder}/") >= ours
                if not (is_ours or name in named or name.endswith(".corrupt")):
                    self._garbage.append(name)
        await self.claim.tidy()
        await self.delete_garbage()

    async def again(self, work: Callable[[], Awaitable[Result]]) -> Result:
        """Try until it is done, with growing pauses. Raises Fenced and NotFound."""
        pause = _FIRST_PAUSE
        while True:
            try:
                result = await work()
            except (Fenced, NotFound):
                raise
            except StorageError as error:
                if not self.trouble:
                    self.log.error("the object store fails; trying again", reason=str(error))
                self.trouble = str(error)
            else:
                if self.trouble:
                    self.log.info("the object store works again", url=self.files.url)
                self.trouble = ""
                return result
            await asyncio.sleep(pause * (0.5 + random.random()))  # noqa: S311 - jitter
            pause = min(pause * 2, self.settings.retry_delay)

    async def in_thread(self, work: Callable[[], Result]) -> Result:
        """Run what takes long, and touches nothing that is being changed."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)
