"""[D] The task behind the adapter: uploads what is sealed, then compacts, repairs and merges."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from robustmq_broker.storage.object.changes import Changes, Entry
from robustmq_broker.storage.object.ownership import Fenced
from robustmq_broker.storage.object.reader import segment_name
from robustmq_broker.storage.object.rewriting import Content, choose, in_order, read_content
from robustmq_broker.storage.object.uploader import Sealed, Uploader
from robustmq_common.errors import StorageError
from robustmq_common.files import NotFound


class Maintenance:
    """Runs until it is cancelled or fenced, which `failed` is told of."""

    def __init__(self, uploader: Uploader, failed: Callable[[Exception], None]) -> None:
        self._uploader = uploader
        self._failed = failed
        self._queue: deque[Sealed] = deque()
        self._damaged: dict[int, asyncio.Future[None]] = {}
        self._compactions: list[asyncio.Future[None]] = []
        self._wake = asyncio.Event()
        self._task = asyncio.ensure_future(self._run())

    def submit(self, sealed: Sealed) -> None:
        """Upload this when those before it are."""
        self._queue.append(sealed)
        self._wake.set()

    async def repair(self, segment: int) -> None:
        """Return when a damaged segment has been replaced by what can be read of it."""
        if segment not in self._damaged:
            self.note_damage(segment)
        await asyncio.shield(self._damaged[segment])

    def note_damage(self, segment: int) -> None:
        """A segment is to be repaired."""
        self._damaged[segment] = asyncio.get_running_loop().create_future()
        self._wake.set()

    async def compact(self) -> None:
        """Return when nothing is left that would be worth it."""
        done = asyncio.get_running_loop().create_future()
        self._compactions.append(done)
        self._wake.set()
        await done

    async def stop(self) -> None:
        """Leave everything as it is."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._tell_all(StorageError("the object storage is not open"))

    async def _run(self) -> None:
        try:
            await self._uploader.remove_orphans()
        except StorageError as error:
            self._uploader.log.warning("orphans were not looked for", reason=str(error))
        try:
            while True:
                await self._step()
        except Exception as error:  # noqa: BLE001 - whatever it is, nothing is written any more
            failure = error if isinstance(error, StorageError) else StorageError(repr(error))
            self._failed(error)
            self._tell_all(failure)

    def _tell_all(self, failure: StorageError) -> None:
        waiting: list[asyncio.Future[Any]] = [*self._damaged.values(), *self._compactions]
        for future in (*waiting, *(sealed.done for sealed in self._queue)):
            if not future.done():
                future.set_exception(failure)
                # Whether anybody waits or not, the failure has been told.
                future.exception()

    async def _step(self) -> None:
        uploader = self._uploader
        # First: what is asked for from here on is either seen below or wakes.
        self._wake.clear()
        if self._queue:
            await uploader.upload(self._queue[0])
            self._queue.popleft()
            return
        if self._damaged:
            segment = next(iter(self._damaged))
            if segment in uploader.state.segments:
                await self._rewrite([segment])
            done = self._damaged.pop(segment)
            if not done.done():
                done.set_result(None)
            return
        if await uploader.merge_states():
            return
        settings = uploader.settings
        chosen = choose(
            uploader.state.segments,
            settings.segment_size,
            2 if self._compactions else settings.compact_segments,
            settings.compact_below,
        )
        if chosen:
            await self._rewrite(chosen)
            return
        while self._compactions:
            await uploader.merge_states(whole=True)
            done = self._compactions.pop()
            if not done.done():
                done.set_result(None)
        await uploader.delete_garbage()
        try:
            # Not wait_for, which in Python 3.11 may swallow the cancellation of `stop`.
            async with asyncio.timeout(settings.fence_interval):
                await self._wake.wait()
        except TimeoutError:
            await self._look_for_others()

    async def _look_for_others(self) -> None:
        try:
            await self._uploader.claim.check()
        except Fenced:
            raise
        except StorageError as error:
            # An upload would say so, and try again; there is nothing to upload.
            self._uploader.log.debug("cannot tell who owns the object store", reason=str(error))

    async def _rewrite(self, chosen: list[int]) -> None:
        """Make one segment of several, or of one what can be read of it."""
        uploader = self._uploader
        contents = [await self._content(segment) for segment in chosen]
        records = await uploader.in_thread(lambda: in_order(contents))
        shards = {id_ for content in contents for id_ in content.shards}
        if any(content.problem for content in contents):
            shards = set(uploader.state.by_id)
        changes = Changes(entries={id_: Entry() for id_ in {record[0] for record in records}})
        extents = await uploader.write_segment(records, changes)
        changes.removed = set(chosen)
        manifest = uploader.manifest
        states = (*manifest.states, await uploader.write_changes(changes))
        gone = [segment_name(segment) for segment in chosen]
        await uploader.publish(states, manifest.sequence, manifest.next_id, gone)
        state = uploader.state
        for segment in chosen:
            state.segments.pop(segment, None)
            state.dead.discard(segment)
        for id_ in shards:
            shard = state.by_id.get(id_)
            if shard is not None:
                shard.extents = [one for one in shard.extents if one.segment in state.segments]
                state.adopt(shard, extents.get(id_, ()))
        for id_ in changes.added:
            if state.segments[id_].live <= 0:
                state.dead.add(id_)

    async def _content(self, segment: int) -> Content:
        uploader = self._uploader
        name = segment_name(segment)

        def start_of(id_: int) -> int | None:
            shard = uploader.state.by_id.get(id_)
            return None if shard is None else shard.start

        try:
            data = await uploader.again(lambda: self._read(name))
        except NotFound as error:
            self._tell_loss(segment, Content(problem=str(error)), f"{name} is not there")
            return Content(problem=str(error))
        content = await uploader.in_thread(lambda: read_content(data, start_of))
        if content.problem:
            kept = f"{name}.corrupt"
            await uploader.again(lambda: uploader.files.write(kept, data))
            self._tell_loss(segment, content, kept)
        return content

    async def _read(self, name: str) -> bytes:
        return await self._uploader.files.read(name)

    def _tell_loss(self, segment: int, content: Content, kept: str) -> None:
        """One line for a segment, whatever was lost of it."""
        state = self._uploader.state
        lost = []
        for shard in state.by_id.values():
            had = sum(one.end - one.first for one in shard.extents if one.segment == segment)
            if had:
                found = sum(1 for record in content.records if record[0] == shard.id)
                if found < had:
                    lost.append(f"{shard.name!r}: up to {had - found} records")
        self._uploader.log.error(
            "a segment is damaged; what could not be read of it is lost",
            segment=segment_name(segment),
            kept_as=kept,
            reason=content.problem,
            shards=len(lost),
            lost="; ".join(lost[:10]),
        )
