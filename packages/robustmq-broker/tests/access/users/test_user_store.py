"""The users in storage and in memory."""

import asyncio
from pathlib import Path

import pytest
from user_kit import CHEAP, hashed

from robustmq_broker.access.hashing.forms import kind_of
from robustmq_broker.access.hashing.verification import Argon2Cost
from robustmq_broker.access.users.user_record import User
from robustmq_broker.access.users.user_store import PREFIX, SHARD, WRITTEN_AT_ONCE, UserStore
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.errors import CallerError, ConditionFailed, StorageError
from robustmq_common.spi.storage import Put, WriteBatch

ALICE = User(hashed("x"), True)
BOB = User("$sha256$prefix$$" + "A" * 43)


class Store:
    """A storage, and stores that are loaded from it."""

    def __init__(self) -> None:
        self.adapter = MemoryAdapter({}, Path())
        self._opened = False

    async def loaded(self) -> UserStore:
        if not self._opened:
            await self.adapter.open()
            self._opened = True
        store = UserStore(self.adapter, CHEAP)
        await store.load()
        await store.load()  # the second time is for nothing
        return store


def test_what_is_changed_is_there_after_a_restart() -> None:
    async def scenario() -> None:
        made = Store()
        store = await made.loaded()
        assert store.get("alice") is None
        await store.add("alice", ALICE)
        await store.add("bö\u0416", BOB)
        assert store.get("alice") == ALICE
        await store.change("alice", ALICE, BOB)
        await store.add("carol", BOB)
        await store.delete("carol")
        assert store.names() == ["alice", "bö\u0416"]
        again = await made.loaded()
        assert again.names("b") == ["bö\u0416"]
        assert again.get("alice") == BOB
        assert len(again) == 2
        assert again.secret == store.secret != b""
        assert kind_of(str(again.decoy("nobody"))) == "$sha256$prefix"

    asyncio.run(scenario())


def test_names_that_are_taken_or_are_not_there() -> None:
    async def scenario() -> None:
        store = await Store().loaded()
        await store.add("alice", ALICE)
        with pytest.raises(CallerError, match="there is a user 'alice' already"):
            await store.add("alice", BOB)
        with pytest.raises(CallerError, match="there is no user 'bob'"):
            await store.delete("bob")
        with pytest.raises(ConditionFailed, match="changed meanwhile"):
            await store.change("alice", BOB, BOB)
        assert store.get("alice") == ALICE

    asyncio.run(scenario())


def test_many_at_once_or_none_of_them() -> None:
    async def scenario() -> None:
        made = Store()
        store = await made.loaded()
        await store.add("user 7", ALICE)
        many = {f"user {number}": BOB for number in range(WRITTEN_AT_ONCE + 500)}
        with pytest.raises(CallerError, match="1 users are there already, such as 'user 7'"):
            await store.add_all(many, replace=False)
        assert len(store) == 1
        await store.add_all(many, replace=True)
        again = await made.loaded()
        assert len(again) == len(many)
        assert again.get("user 7") == BOB

    asyncio.run(scenario())


def test_another_writer_is_noticed() -> None:
    async def scenario() -> None:
        made = Store()
        one, two = await made.loaded(), await made.loaded()
        await one.add("alice", ALICE)
        with pytest.raises(ConditionFailed):
            await two.add("alice", BOB)
        assert two.get("alice") is None

    asyncio.run(scenario())


def test_a_damaged_user_refuses_the_start() -> None:
    async def scenario() -> None:
        made = Store()
        await made.adapter.open()
        await made.adapter.commit(WriteBatch([Put(SHARD, PREFIX + b"alice", b"9\nx")]))
        with pytest.raises(StorageError, match=r"user b'user/alice' that cannot be read"):
            await made.loaded()

    asyncio.run(scenario())


def test_without_users_a_stranger_costs_what_a_user_would() -> None:
    async def scenario() -> None:
        adapter = MemoryAdapter({}, Path())
        await adapter.open()
        store = UserStore(adapter, Argon2Cost(128, 2, 1))
        await store.load()
        assert kind_of(str(store.decoy("x"))) == "$argon2id$v=19$m=128,t=2,p=1"

    asyncio.run(scenario())
