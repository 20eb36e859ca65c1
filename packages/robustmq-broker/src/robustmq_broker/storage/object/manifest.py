"""[D] Manifests: which objects make up the store, as of which batch.

`manifests/EPOCH-NUMBER`; the newest of the highest epoch counts. Written once, never changed. The
two newest are kept with all they name, should the newest turn out to be damaged.
"""

import json
from dataclasses import dataclass, field
from typing import Final
from zlib import crc32

from robustmq_broker.storage.object.segment import Damaged
from robustmq_common.errors import StorageError
from robustmq_common.files import Files, NotFound
from robustmq_common.spi.services import Log

FOLDER: Final = "manifests"
VERSION: Final = 1


@dataclass(slots=True, frozen=True)
class Manifest:
    """sequence: of the last batch that is in it. states: names and bytes, the oldest first."""

    epoch: int = 0
    number: int = 0
    sequence: int = 0
    next_id: int = 1
    states: tuple[tuple[str, int], ...] = field(default=())

    @property
    def name(self) -> str:
        return f"{FOLDER}/{self.epoch:010d}-{self.number:010d}"


def encode_manifest(manifest: Manifest) -> bytes:
    """The object to store."""
    body = json.dumps(
        {
            "version": VERSION,
            "epoch": manifest.epoch,
            "number": manifest.number,
            "sequence": manifest.sequence,
            "next_id": manifest.next_id,
            "states": manifest.states,
        }
    ).encode()
    return body + b"\n%08x\n" % crc32(body)


def decode_manifest(data: bytes) -> Manifest:
    """What was stored. Raises Damaged, and StorageError for another version's."""
    body, _, checksum = data.rstrip(b"\n").rpartition(b"\n")
    if checksum != b"%08x" % crc32(body):
        raise Damaged("its checksum is wrong")
    found = json.loads(body)
    if found["version"] != VERSION:
        message = (
            f"the object store was written in version {found['version']} of its layout, this is "
            f"version {VERSION}: use the RobustMQ that wrote it, or another URL"
        )
        raise StorageError(message)
    states = tuple((str(name), int(size)) for name, size in found["states"])
    return Manifest(found["epoch"], found["number"], found["sequence"], found["next_id"], states)


async def newest(files: Files, log: Log) -> Manifest:
    """The manifest that counts; that of an empty store if there is none.

    A damaged one is set aside, and the one before it counts.
    """
    for name in sorted(await files.sizes(FOLDER), reverse=True):
        if name.endswith(".corrupt"):
            continue
        try:
            data = await files.read(name)
        except NotFound:
            continue
        try:
            return decode_manifest(data)
        except Damaged as damage:
            await set_aside(files, name, data)
            log.error(
                "a manifest is damaged; what was stored after the one before it is lost, but for "
                "what the local log still holds",
                object=f"{files.url}/{name}",
                kept_as=f"{name}.corrupt",
                reason=str(damage),
            )
    return Manifest()


async def set_aside(files: Files, name: str, data: bytes) -> None:
    """Keep what an object was, and let it not be found again."""
    await files.write(f"{name}.corrupt", data)
    await files.delete(name)
