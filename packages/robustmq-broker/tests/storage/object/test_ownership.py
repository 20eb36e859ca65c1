"""Epochs: one owner at a time, and who was one in between."""

import asyncio

import pytest
from object_kit import memory_files

from robustmq_broker.storage.object.ownership import Fenced, claim


def test_each_claim_is_an_epoch_of_one_store() -> None:
    async def scenario() -> None:
        files = await memory_files()
        claims = [await claim(files, f"node-{number}") for number in range(3)]
        assert [it.epoch for it in claims] == [1, 2, 3]
        assert [it.before for it in claims] == [0, 1, 2]
        assert len({it.store for it in claims}) == 1
        files.close()

    asyncio.run(scenario())


def test_claims_at_the_same_time_get_epochs_of_their_own() -> None:
    async def scenario() -> None:
        files = await memory_files()
        claims = await asyncio.gather(*(claim(files, f"node-{number}") for number in range(5)))
        assert sorted(it.epoch for it in claims) == [1, 2, 3, 4, 5]
        files.close()

    asyncio.run(scenario())


def test_the_last_one_fences_the_others() -> None:
    async def scenario() -> None:
        files = await memory_files()
        first = await claim(files, "a")
        await first.check()
        second = await claim(files, "b")
        await second.check()
        with pytest.raises(Fenced, match=r"belongs to process \d+ on .* now"):
            await first.check()
        files.close()

    asyncio.run(scenario())


def test_whether_anybody_else_was_owner_since() -> None:
    async def scenario() -> None:
        files = await memory_files()
        last, *_ = reversed([await claim(files, node) for node in ("a", "b", "a", "a")])
        assert last.epoch == 4
        assert await last.is_ours_since(3)
        assert await last.is_ours_since(2)
        assert not await last.is_ours_since(1)
        # From a store that is not this one.
        assert not await last.is_ours_since(7)
        await files.delete("epochs/0000000003")
        assert not await last.is_ours_since(2)
        files.close()

    asyncio.run(scenario())


def test_epochs_long_past_are_removed() -> None:
    async def scenario() -> None:
        files = await memory_files()
        await claim(files, "a")
        await files.write("epochs/0000000200", await files.read("epochs/0000000001"))
        last = await claim(files, "a")
        assert last.epoch == 201
        await last.tidy()
        assert sorted(await files.sizes("epochs")) == ["epochs/0000000200", "epochs/0000000201"]
        files.close()

    asyncio.run(scenario())
