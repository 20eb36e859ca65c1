import base64
from pathlib import Path

import pytest
from backup_kit import exported, fill
from control_kit import kit, run

from robustmq_common.spi.storage import Append, Put


def content(folder: Path) -> list[Path]:
    return sorted(folder.iterdir())


@pytest.mark.parametrize("disk", [False, True])
def test_a_backup_is_of_the_moment_at_which_it_began(tmp_path: Path, disk: bool) -> None:
    async def scenario() -> None:
        async with kit(tmp_path, disk=disk) as one:
            await fill(one.adapter)
            await one.write(*(Append("big", bytes(10_000)) for _ in range(100)))
            expected = await exported(one.adapter)
            answers = one.begin("storage.export")
            data, totals = b"", {}
            async for answer in answers:
                data += base64.b64decode(answer["data"])
                await one.write(Append("big", b"later"), Put("keys", b"later", b""))
                totals = answer
            assert data == expected
            assert (totals["shards"], totals["records"], totals["keys"]) == (5, 1270, 1500)
            assert await exported(one.adapter) != expected

    run(scenario)


def test_a_client_that_leaves_has_the_snapshot_released(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path, disk=True) as one:
            await one.write(*(Append("big", bytes(10_000)) for _ in range(100)))
            before = content(tmp_path)
            answers = one.begin("storage.export")
            await anext(answers)
            await answers.aclose()
            assert content(tmp_path) == before

    run(scenario)
