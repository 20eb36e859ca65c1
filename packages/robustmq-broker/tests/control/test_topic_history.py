from pathlib import Path

import pytest
from control_kit import Kit, kit, run

from robustmq_broker.control.topic_history import TOPICS_MAX, TopicHistory
from robustmq_common.errors import CallerError
from robustmq_common.spi.consumers import AtTime, Edge, Position
from robustmq_common.spi.storage import Append, Put


async def read(
    one: Kit, topic_filter: str, start: Position = Edge.EARLIEST, group: str = ""
) -> list[str]:
    history = TopicHistory(topic_filter, start, group)
    await history.open(one.context.adapters)
    found = [message.payload.decode() async for message in history.messages()]
    await history.commit()
    return found


async def fill(one: Kit) -> None:
    for number in range(100):
        topic = ("a", "a/b", "a/b/c", "ab", "$a")[number % 5]
        await one.log(topic, b"%d" % number, 1000.0 + number)


@pytest.mark.parametrize(
    ("topic_filter", "remainders"),
    [
        ("a/#", {0, 1, 2}),
        ("a", {0}),
        ("a/b", {1}),
        ("a/+", {1}),
        ("+", {0, 3}),
        ("#", {0, 1, 2, 3}),
        ("$a", {4}),
        ("x/#", set()),
    ],
)
def test_logs_of_matching_topics_are_merged_by_time(
    tmp_path: Path, topic_filter: str, remainders: set[int]
) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            await fill(one)
            expected = [str(number) for number in range(100) if number % 5 in remainders]
            assert await read(one, topic_filter) == expected

    run(scenario)


def test_a_time_is_where_each_begins(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            await fill(one)
            assert await read(one, "a/#", AtTime(1094.5)) == ["95", "96", "97"]
            assert await read(one, "a/#", Edge.LATEST) == []

    run(scenario)


def test_a_group_goes_on_where_it_has_got_to(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            await fill(one)
            assert len(await read(one, "a/#", group="g")) == 60
            assert await read(one, "a/#", group="g") == []
            await one.log("a/b", b"new", 2000.0)
            assert await read(one, "a/#", group="g") == ["new"]

    run(scenario)


def test_what_is_added_meanwhile_is_not_read(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            await one.log("a", b"1", 1.0)
            history = TopicHistory("a", Edge.EARLIEST, "")
            await history.open(one.context.adapters)
            await one.log("a", b"2", 2.0)
            assert [message.payload async for message in history.messages()] == [b"1"]

    run(scenario)


def test_too_many_topics_are_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            await one.write(*(Append(f"topic/a/{n}", b"") for n in range(TOPICS_MAX + 1)))
            await one.write(Put("other", b"k", b""))
            with pytest.raises(CallerError, match="choose a narrower filter"):
                await read(one, "a/+")

    run(scenario)
