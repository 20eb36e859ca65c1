"""Manifests: round trips, and which one counts."""

import asyncio
import json
from zlib import crc32

import pytest
from object_kit import memory_files

from robustmq_broker.storage.object.manifest import (
    Manifest,
    decode_manifest,
    encode_manifest,
    newest,
)
from robustmq_broker.storage.object.segment import Damaged
from robustmq_common.errors import StorageError
from robustmq_common.testing.log import RecordingLog

SAMPLE = Manifest(3, 17, 1000, 44, (("states/1", 100), ("states/2", 5)))


def test_round_trip() -> None:
    assert decode_manifest(encode_manifest(SAMPLE)) == SAMPLE


def test_every_damaged_byte_is_noticed() -> None:
    data = encode_manifest(SAMPLE)
    for at in range(len(data) - 1):
        with pytest.raises(Damaged):
            decode_manifest(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


def test_another_version_is_refused() -> None:
    body = json.dumps({"version": 2}).encode()
    with pytest.raises(StorageError, match="written in version 2 of its layout"):
        decode_manifest(body + b"\n%08x\n" % crc32(body))


def test_the_newest_of_the_highest_epoch_counts() -> None:
    async def scenario() -> None:
        files, log = await memory_files(), RecordingLog()
        assert await newest(files, log) == Manifest()
        kept = [Manifest(9, 2), Manifest(10, 1), Manifest(9, 11), Manifest(10, 3)]
        for manifest in kept:
            await files.create(manifest.name, encode_manifest(manifest))
        assert await newest(files, log) == kept[3]
        await files.write(kept[3].name, b"damaged")
        assert log.entries == []
        assert await newest(files, log) == kept[1]
        assert len(log.entries) == 1
        assert await files.read(f"{kept[3].name}.corrupt") == b"damaged"
        assert await newest(files, log) == kept[1]
        files.close()

    asyncio.run(scenario())
