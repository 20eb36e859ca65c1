"""Checking reads every object back."""

from pathlib import Path

import pytest
from object_kit import appends, scenario_in

from robustmq_broker.storage.object.adapter import ObjectAdapter


@pytest.mark.parametrize("folder", ["segments", "states", "manifests"])
@pytest.mark.parametrize("gone", [False, True])
def test_each_kind_of_object(tmp_path: Path, folder: str, gone: bool) -> None:
    async def scenario(adapter: ObjectAdapter) -> None:
        await adapter.commit(appends("a", 0, 100))
        await adapter._flush()
        assert await adapter.check() == []
        path = max((tmp_path / "store" / folder).iterdir())
        if gone:
            path.unlink()
        else:
            data = bytearray(path.read_bytes())
            data[20] ^= 1
            path.write_bytes(data)
        (problem,) = await adapter.check()
        assert f"/{folder}/{path.name}" in problem
        assert ("there is no such object" in problem) == gone

    scenario_in(tmp_path, scenario, segment_age=60)
