"""Several adapters: opened in order, closed the other way round, whichever of them fails."""

import asyncio
from pathlib import Path

import pytest

from robustmq_broker.storage.adapters import Adapters
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.errors import StorageError


class Told(MemoryAdapter):
    """Notes in `story` what happens to it; `fails` says where it raises."""

    def __init__(self, name: str, story: list[str], fails: str = "") -> None:
        super().__init__({}, Path())
        self.name = name
        self.story = story
        self.fails = fails

    async def open(self) -> None:
        await super().open()
        self._tell("open")

    async def close(self) -> None:
        await super().close()
        self._tell("close")

    def _tell(self, what: str) -> None:
        self.story.append(f"{what} {self.name}")
        if what in self.fails:
            raise StorageError(f"no {what} today")


def test_they_are_found_by_name_the_default_first() -> None:
    one, two = Told("one", []), Told("two", [])
    adapters = Adapters(one, two)
    assert (adapters.default, adapters["two"]) == (one, two)
    assert (list(adapters), len(adapters)) == (["one", "two"], 2)


def test_they_close_the_other_way_round_and_once() -> None:
    story: list[str] = []

    async def work() -> None:
        adapters = Adapters(Told("one", story), Told("two", story))
        await adapters.open()
        await adapters.close()
        await adapters.close()

    asyncio.run(work())
    assert story == ["open one", "open two", "close two", "close one"]


def test_one_that_does_not_open_is_named_and_nothing_stays_open() -> None:
    story: list[str] = []
    adapters = Adapters(Told("one", story), Told("two", story, "open"), Told("three", story))
    with pytest.raises(StorageError, match="storage adapter two: no open today"):
        asyncio.run(adapters.open())
    assert story == ["open one", "open two", "close one"]


def test_what_goes_wrong_then_is_noted() -> None:
    adapters = Adapters(Told("one", [], "close"), Told("two", [], "open"))
    with pytest.raises(StorageError, match="two: no open today") as failed:
        asyncio.run(adapters.open())
    assert failed.value.__notes__ == ["storage adapter one: no close today"]


def test_all_are_closed_though_one_fails() -> None:
    story: list[str] = []

    async def work() -> None:
        adapters = Adapters(Told("one", story), Told("two", story, "close"), Told("three", story))
        await adapters.open()
        await adapters.close()

    with pytest.raises(StorageError, match=r"^storage adapter two: no close today$"):
        asyncio.run(work())
    assert story[3:] == ["close three", "close two", "close one"]
