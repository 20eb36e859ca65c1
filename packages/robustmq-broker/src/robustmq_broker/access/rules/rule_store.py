"""[D] The rules that are kept in the broker's storage, in their order.

Each is a key of the shard `access/rules`: its number, which it never changes. The value is its
place, which only says what comes before what, and its text.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from robustmq_broker.access.rules.rule import Rule, RuleList
from robustmq_broker.access.rules.rule_text import RuleError, parse_rule
from robustmq_common.errors import CallerError
from robustmq_common.spi.storage import Delete, Put, StorageAdapter, WriteBatch

SHARD: Final = "access/rules"
STORED_MAX: Final = 10_000
"""Rules, at most."""
GAP: Final = 1 << 20
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule as it is stored; place: rules are in the order of their places."""

    number: int
    place: int
    text: str

    def put(self) -> Put:
        value = self.place.to_bytes(8, "big") + self.text.encode()
        return Put(SHARD, self.number.to_bytes(8, "big"), value)


class RuleStore:
    """The rules of an open adapter. changing: held during a change, by whoever makes one."""

    def __init__(self, adapter: StorageAdapter, changing: asyncio.Lock) -> None:
        self._adapter = adapter
        self._changing = changing

    async def all(self) -> list[StoredRule]:
        """Every rule, in order."""
        found = []
        after = b""
        while page := await self._adapter.scan(SHARD, after=after, limit=_PAGE):
            for key, value in page:
                place = int.from_bytes(value[:8], "big")
                found.append(StoredRule(int.from_bytes(key, "big"), place, value[8:].decode()))
            after = page[-1][0]
        return sorted(found, key=lambda one: one.place)

    async def add(self, text: str, before: int | None = None) -> StoredRule:
        """Add a rule at the end, or before another. Raises RuleError, CallerError."""
        (added,) = await self.add_all([text], before)
        return added

    async def add_all(self, texts: list[str], before: int | None = None) -> list[StoredRule]:
        """Add rules in their order, all or none."""
        for text in texts:
            parse_rule(text)
        async with self._changing:
            rules = await self.all()
            if len(rules) + len(texts) > STORED_MAX:
                raise CallerError(f"there would be more than {STORED_MAX} rules")
            at = len(rules)
            if before is not None:
                at = self._index(rules, before)
            number = max((one.number for one in rules), default=0)
            low = rules[at - 1].place if at else 0
            high = rules[at].place if at < len(rules) else low + GAP * (len(texts) + 1)
            step = (high - low) // (len(texts) + 1)
            operations: list[Put] = []
            if not step:
                # No room left between the two: everything gets a new place.
                for index, one in enumerate(rules, 1):
                    place = GAP * (index if index <= at else index + len(texts))
                    operations.append(StoredRule(one.number, place, one.text).put())
                low, step = GAP * at, GAP
            added = [
                StoredRule(number + index, low + step * index, text.strip())
                for index, text in enumerate(texts, 1)
            ]
            operations += [one.put() for one in added]
            await self._commit(operations)
            return added

    async def delete(self, number: int) -> StoredRule:
        """Forget a rule. Raises CallerError if there is none of that number."""
        async with self._changing:
            rules = await self.all()
            rule = rules[self._index(rules, number)]
            await self._commit([Delete(SHARD, number.to_bytes(8, "big"))])
            return rule

    async def _commit(self, operations: list[Put] | list[Delete]) -> None:
        await self._adapter.commit(WriteBatch([*operations]))
        await self._adapter.sync()

    def _index(self, rules: list[StoredRule], number: int) -> int:
        for index, one in enumerate(rules):
            if one.number == number:
                return index
        raise CallerError(f"there is no rule {number}; see `robust-ctl acl list`")


def parsed(stored: list[StoredRule], known: dict[str, Rule]) -> RuleList:
    """The rules as they are asked; `known` has those that need not be read again."""
    rules = []
    for one in stored:
        source = f"rule {one.number}"
        rule = known.get(one.text)
        if rule is None or rule.source != source:
            try:
                rule = parse_rule(one.text, source)
            except RuleError as error:
                raise CallerError(f"the stored {source} cannot be read: {error}") from None
        rules.append(rule)
    return RuleList(rules)
