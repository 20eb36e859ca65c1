"""[D] Reads every object back and verifies its checksums."""

import asyncio

from robustmq_broker.storage.object.changes import decode_changes
from robustmq_broker.storage.object.manifest import Manifest, decode_manifest
from robustmq_broker.storage.object.reader import segment_name
from robustmq_broker.storage.object.rewriting import read_content
from robustmq_broker.storage.object.segment import Damaged
from robustmq_broker.storage.object.state import State
from robustmq_common.errors import StorageError
from robustmq_common.files import Files


async def check_objects(files: Files, manifest: Manifest, state: State) -> list[str]:
    """A sentence for each object in use that is damaged or missing. Decodes in threads.

    The caller sees to it that none of them is deleted meanwhile.
    """
    found: list[str] = []
    for name in (manifest.name, *(name for name, _ in manifest.states)):
        await _check(files, name, found)
    for segment in list(state.segments):
        if segment in state.segments:
            await _check(files, segment_name(segment), found)
    return found


async def _check(files: Files, name: str, found: list[str]) -> None:
    try:
        data = await files.read(name)
    except StorageError as error:
        found.append(f"{error}.")
        return
    problem = await asyncio.to_thread(_problem, name, data)
    if problem:
        found.append(f"{files.url}/{name} is damaged: {problem}.")


def _problem(name: str, data: bytes) -> str:
    try:
        if name.endswith(".seg"):
            return read_content(data, _nobody).problem
        if name.startswith("manifests/"):
            decode_manifest(data)
        else:
            decode_changes(data)
    except Damaged as damage:
        return str(damage)
    return ""


def _nobody(_shard: int) -> None:
    """No shard wants its records."""
