import asyncio
from pathlib import Path
from typing import Any

import pytest
from control_kit import kit, payloads, run

from robustmq_common.errors import CallerError, NotRunning


def test_messages_are_shown_as_they_are_published(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            answers = one.begin("topic.tail", filter="a/#", count=2)
            assert await anext(answers) == {"messages": [], "dropped": 0}
            assert one.publish("a/b", b"1") == 0
            one.publish("b", b"not this")
            assert payloads([await anext(answers)]) == [b"1"]
            one.publish("a", b"2")
            assert payloads([answer async for answer in answers]) == [b"2"]
            assert one.context.running_router().route("a/b").is_empty()

    run(scenario)


def test_one_who_leaves_is_not_delivered_to(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            answers = one.begin("topic.tail", filter="a/#")
            await anext(answers)
            waiting = asyncio.ensure_future(anext(answers))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            assert one.context.running_router().route("a/b").is_empty()

    run(scenario)


@pytest.mark.parametrize("given", [{"start": "earliest"}, {"group": "g"}])
def test_the_past_comes_first(tmp_path: Path, given: dict[str, Any]) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            for number in range(250):
                await one.log("a/b", b"%d" % number, 100.0 + number)
            answers = one.begin("topic.tail", filter="a/#", count=251, **given)
            await anext(answers)
            one.publish("a/c", b"live")
            rest = [answer async for answer in answers]
            assert payloads(rest) == [*(b"%d" % number for number in range(250)), b"live"]

    run(scenario)


def test_the_count_holds_for_the_past(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            for number in range(250):
                await one.log("a", b"%d" % number, 100.0 + number, qos=number % 2)
            ask = {"filter": "a", "count": 101, "group": "g", "minimum_qos": 1}
            first = payloads(await one.ask("topic.tail", **ask))
            assert first == [b"%d" % number for number in range(1, 203, 2)]
            second = payloads(await one.ask("topic.tail", **{**ask, "count": 1}))
            assert second == [b"203"]

    run(scenario)


def test_a_filter_that_is_not_valid_is_refused(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            with pytest.raises(CallerError, match="topic filter 'a/#/b'"):
                await one.ask("topic.tail", filter="a/#/b")

    run(scenario)


def test_without_a_broker_nothing_is_published(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path, router=False) as one:
            with pytest.raises(NotRunning):
                await one.ask("topic.tail", filter="a")

    run(scenario)
