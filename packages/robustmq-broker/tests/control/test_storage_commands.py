"""storage.*: shards, usage, check, compact and read."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from control_kit import Kit, kit, run

from robustmq_common.errors import CallerError, OffsetOutOfRange
from robustmq_common.spi.storage import Append, Put, Trim


async def fill(one: Kit) -> None:
    await one.write(
        *(Append("log", b"%d" % n, timestamp=100.0 + n) for n in range(250)),
        Trim("log", 50),
        Put("log", b"k", b"vv"),
        Put("other", b"key", b"value"),
    )


def values(answers: list[dict[str, Any]]) -> list[bytes]:
    return [base64.b64decode(record["value"]) for page in answers for record in page["records"]]


@pytest.mark.parametrize("disk", [False, True])
def test_shards_are_listed_with_what_they_hold(tmp_path: Path, disk: bool) -> None:
    async def scenario() -> None:
        async with kit(tmp_path, disk=disk) as one:
            await fill(one)
            (page,) = await one.ask("storage.shards")
            log, other = page["shards"]
            bounds = (log["name"], log["start"], log["end"], log["oldest"], log["newest"])
            assert bounds == ("log", 50, 250, 150.0, 349.0)
            assert (log["keys"], log["key_bytes"]) == (1, 3)
            if not log["estimated"]:
                assert log["records"] == 200
            assert (other["name"], other["records"], other["oldest"]) == ("other", 0, None)
            (page,) = await one.ask("storage.shards", prefix="o")
            assert [shard["name"] for shard in page["shards"]] == ["other"]
            assert await one.ask("storage.shards", prefix="x") == []

    run(scenario)


def test_many_shards_come_in_pages(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            await one.write(*(Put(f"shard {n:04}", b"k", b"v") for n in range(250)))
            pages = await one.ask("storage.shards")
            assert [len(page["shards"]) for page in pages] == [100, 100, 50]

    run(scenario)


@pytest.mark.parametrize("disk", [False, True])
def test_usage_adds_them_up(tmp_path: Path, disk: bool) -> None:
    async def scenario() -> None:
        async with kit(tmp_path, disk=disk) as one:
            await fill(one)
            (usage,) = await one.ask("storage.usage")
            assert (usage["shards"], usage["keys"], usage["key_bytes"]) == (2, 2, 11)
            assert usage["adapter"] == one.adapter.name
            assert (usage["disk_bytes"] or 0) > 0 if disk else usage["disk_bytes"] is None

    run(scenario)


@pytest.mark.parametrize("disk", [False, True])
def test_sound_storage_has_no_damage_and_can_be_compacted(tmp_path: Path, disk: bool) -> None:
    async def scenario() -> None:
        async with kit(tmp_path, disk=disk) as one:
            await fill(one)
            assert await one.ask("storage.check") == []
            (sizes,) = await one.ask("storage.compact")
            assert (sizes["before"] is None) is not disk
            assert len(values(await one.ask("storage.read", shard="log"))) == 200

    run(scenario)


@pytest.mark.parametrize(
    ("start", "first"),
    [
        (None, b"50"),
        ("earliest", b"50"),
        ({"offset": 0}, b"50"),
        ({"offset": 248}, b"248"),
        ({"timestamp": 300.5}, b"201"),
    ],
)
def test_reading_begins_where_asked(tmp_path: Path, start: Any, first: bytes) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            await fill(one)
            found = values(await one.ask("storage.read", shard="log", start=start))
            assert found[0] == first
            assert found[-1] == b"249"
            assert len(found) == 250 - int(first)
            some = await one.ask("storage.read", shard="log", start=start, count=2)
            assert len(values(some)) == 2
            assert await one.ask("storage.read", shard="log", start="latest") == []

    run(scenario)


def test_a_shard_that_is_not_there_is_told(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            await fill(one)
            with pytest.raises(CallerError, match="no shard 'lo' in the memory storage"):
                await one.ask("storage.read", shard="lo")

    run(scenario)


@pytest.mark.parametrize("group", ["", "g"])
def test_following_gives_what_comes(tmp_path: Path, group: str) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            answers = one.begin("storage.read", shard="new", follow=True, group=group)
            for value in (b"one", b"two"):
                page = asyncio.ensure_future(anext(answers))
                await asyncio.sleep(0)
                assert not page.done()
                await one.write(Append("new", value))
                assert values([await page]) == [value]
            await answers.aclose()

    run(scenario)


def test_a_group_goes_on_where_it_has_got_to(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            await fill(one)
            read = {"shard": "log", "group": "g", "count": 3}
            assert values(await one.ask("storage.read", **read)) == [b"50", b"51", b"52"]
            assert values(await one.ask("storage.read", **read)) == [b"53", b"54", b"55"]
            moved = await one.ask("storage.read", **read, start={"offset": 100})
            assert values(moved) == [b"100", b"101", b"102"]
            assert await one.context.groups.group("g").position("log") == 103

    run(scenario)


def test_what_a_client_left_before_taking_stays_with_the_group(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            await fill(one)
            answers = one.begin("storage.read", shard="log", group="g")
            await anext(answers)
            await answers.aclose()
            assert await one.context.groups.group("g").position("log") is None

    run(scenario)


def test_a_group_may_refuse_a_position_that_is_gone(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            await fill(one)
            with pytest.raises(OffsetOutOfRange):
                await one.ask("storage.read", shard="log", group="g", reset="error")

    run(scenario)
