"""[D] What a start finds: the state in the object store, then what the local log adds to it."""

import asyncio
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from robustmq_broker.storage.object.changes import Changes, decode_changes, merge, tidy
from robustmq_broker.storage.object.manifest import Manifest, set_aside
from robustmq_broker.storage.object.operations import decode
from robustmq_broker.storage.object.ownership import Claim
from robustmq_broker.storage.object.segment import Damaged
from robustmq_broker.storage.object.state import Generation, State
from robustmq_broker.storage.object.wal import HEADER_SIZE, LogFile, cut_off, find_logs, frames
from robustmq_broker.storage.object.wal import set_aside as set_file_aside
from robustmq_common.files import Files, NotFound
from robustmq_common.spi.services import Log
from robustmq_common.spi.storage import Append


async def load_state(
    files: Files, manifest: Manifest, log: Log | None
) -> tuple[State, tuple[tuple[str, int], ...]]:
    """The state that a manifest names, and those of its objects that were read.

    log: told of objects that are damaged or gone, which are set aside; without one they are an
    error (Damaged or NotFound).
    """
    changes = Changes()
    kept = []
    for name, size in manifest.states:
        data = b""
        try:
            data = await files.read(name)
            part = await asyncio.to_thread(decode_changes, data)
        except (Damaged, NotFound) as damage:
            if log is None:
                raise
            if data:
                await set_aside(files, name, data)
            log.error(
                "changes to shards are damaged; keys that they set and records that they name "
                "are lost",
                object=f"{files.url}/{name}",
                kept_as=f"{name}.corrupt" if data else "",
                reason=str(damage),
            )
            continue
        changes = await asyncio.to_thread(merge, changes, part)
        kept.append((name, size))
    state = State()
    state.load(tidy(changes, complete=True))
    state.next_id = max(state.next_id, manifest.next_id)
    return state, tuple(kept)


class Replay:
    """Applies the local log to a state. sequence: of the last batch that the state has.

    seal: called with each generation, which is a file, and that file.
    """

    def __init__(
        self,
        state: State,
        sequence: int,
        log: Log,
        seal: Callable[[Generation, Path], None],
    ) -> None:
        self._state = state
        self.sequence = sequence
        self._log = log
        self._seal = seal

    async def run(self, folder: Path, claim: Claim) -> None:
        """Replay the files of a folder that are this store's, and set the others aside."""
        found = await asyncio.to_thread(find_logs, folder)
        broken = False
        for number, file in enumerate(found):
            data = await asyncio.to_thread(file.path.read_bytes)
            is_ours = await self._is_ours(file, claim)
            broken = broken or (is_ours and not self._follows(data))
            if broken or not is_ours:
                self._refuse(file, data, broken=broken)
            else:
                self._replay(file, data, is_last=number == len(found) - 1)
            # Others get their turn: nobody is served yet, but a supervisor may ask how it goes.
            await asyncio.sleep(0)

    async def _is_ours(self, file: LogFile, claim: Claim) -> bool:
        return file.store == claim.store and await claim.is_ours_since(file.epoch)

    def _refuse(self, file: LogFile, data: bytes, *, broken: bool) -> None:
        batches = records = 0
        shards: set[str] = set()
        for _, payload, _ in frames(data):
            operations = decode(payload)
            batches += 1
            records += sum(isinstance(operation, Append) for operation in operations)
            shards.update(operation.shard for operation in operations)
        if not batches:
            file.path.unlink()
            return
        kept = set_file_aside(file.path, ".corrupt" if broken else ".fenced")
        reason = (
            "what came before it in the log is lost"
            if broken
            else "another broker has owned the object store since it was written"
        )
        self._log.error(
            "a file of the local log is not replayed; what it holds and was not uploaded is lost",
            kept_as=str(kept),
            reason=reason,
            batches=batches,
            records=records,
            shards=len(shards),
        )

    def _follows(self, data: bytes) -> bool:
        """Whether a file goes on where the one before it ended."""
        return all(sequence <= self.sequence + 1 for sequence, _, _ in islice(frames(data), 1))

    def _replay(self, file: LogFile, data: bytes, *, is_last: bool) -> None:
        generation = Generation()
        end = HEADER_SIZE
        for sequence, payload, after in frames(data):
            end = after
            if sequence <= self.sequence:
                continue
            self._state.apply(decode(payload), generation)
            self.sequence = generation.last = sequence
            generation.size += len(payload)
        if end < len(data):
            # Elsewhere than at the end it is what is left of a write that failed, and was told so;
            # or else the next file does not follow.
            if is_last:
                self._log.error(
                    "the local log ends in the middle of a batch, which is cut off",
                    file=str(file.path),
                    bytes=len(data) - end,
                )
            cut_off(file.path, end)
        if generation.last:
            self._seal(generation, file.path)
        else:
            file.path.unlink()
