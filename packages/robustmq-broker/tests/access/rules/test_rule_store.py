"""Stored rules keep their order and their numbers."""

import asyncio
from pathlib import Path

import pytest

from robustmq_broker.access.rules import rule_store
from robustmq_broker.access.rules.rule_store import RuleStore, StoredRule, parsed
from robustmq_broker.access.rules.rule_text import RuleError
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.errors import CallerError


async def store() -> RuleStore:
    adapter = MemoryAdapter({}, Path())
    await adapter.open()
    return RuleStore(adapter, asyncio.Lock())


async def numbers(one: RuleStore) -> list[int]:
    return [rule.number for rule in await one.all()]


def rule(name: str) -> str:
    return f"allow user {name} all a"


def test_order() -> None:
    async def scenario() -> None:
        one = await store()
        assert await one.all() == []
        for name in "abc":
            await one.add(rule(name))
        assert await numbers(one) == [1, 2, 3]
        assert (await one.add(rule("d"), before=1)).number == 4
        assert (await one.add(rule("e"), before=3)).number == 5
        assert await numbers(one) == [4, 1, 2, 5, 3]
        assert (await one.delete(2)).text == rule("b")
        assert await numbers(one) == [4, 1, 5, 3]
        await one.add_all([rule("f"), rule("g")], before=1)
        assert await numbers(one) == [4, 6, 7, 1, 5, 3]

    asyncio.run(scenario())


def test_many_before_the_same_one() -> None:
    """There is no room left between two at some time."""

    async def scenario() -> None:
        one = await store()
        await one.add_all([rule("first"), rule("last")])
        for number in range(60):
            await one.add(rule(str(number)), before=2)
        assert await numbers(one) == [1, *range(3, 63), 2]
        for number in range(60):
            await one.add(rule(str(number)), before=1)
        assert await numbers(one) == [*range(63, 123), 1, *range(3, 63), 2]

    asyncio.run(scenario())


def test_what_cannot_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        one = await store()
        with pytest.raises(RuleError, match="column 1"):
            await one.add_all([rule("a"), "nonsense"])
        assert await one.all() == []
        for work in (one.delete(1), one.add(rule("a"), before=7)):
            with pytest.raises(CallerError, match="there is no rule"):
                await work
        monkeypatch.setattr(rule_store, "STORED_MAX", 2)
        with pytest.raises(CallerError, match="more than 2 rules"):
            await one.add_all([rule("a")] * 3)

    asyncio.run(scenario())


def test_rules_that_are_known_are_not_read_again() -> None:
    stored = [StoredRule(1, 1, rule("a")), StoredRule(2, 2, rule("b"))]
    first = parsed(stored, {})
    again = parsed(stored, {one.text: one for one in first.rules})
    assert again.rules == first.rules
    assert first.rules[1].source == "rule 2"
    with pytest.raises(CallerError, match="the stored rule 3 cannot be read: column 1"):
        parsed([StoredRule(3, 1, "nonsense")], {})
