"""The authenticator "users"."""

import asyncio
import hashlib
import resource
import time

import pytest
from user_kit import HASHING, client, hashed, services

from robustmq_broker.access.hashing.forms import salted
from robustmq_broker.access.hashing.hashing_config import HashingConfig
from robustmq_broker.access.hashing.verification import Argon2Cost
from robustmq_broker.access.users.user_record import User
from robustmq_broker.access.users.user_store import UserStore
from robustmq_broker.access.users.users_authenticator import UsersAuthenticator
from robustmq_broker.access.users.users_config import UsersConfig
from robustmq_common.spi.access import ALLOW, DENY, IGNORE

BAD = (DENY, 0x86)


async def ask(
    authenticator: UsersAuthenticator, name: str | None, password: bytes | None
) -> tuple[int, int]:
    result = await authenticator.authenticate(client(name), password)
    return result.verdict, result.reason_code


def test_known_unknown_and_unnamed() -> None:
    async def scenario() -> None:
        async with services() as made:
            authenticator = UsersAuthenticator()
            await authenticator.start(made)
            store = UserStore.of(made)
            await store.add("alice", User(hashed("right"), True))
            await store.add("bob", User(hashed("right")))
            assert await ask(authenticator, "bob", b"right") == (ALLOW, 0)
            for wrong in (b"wrong", b"", None):
                assert await ask(authenticator, "bob", wrong) == BAD
                assert await ask(authenticator, "nobody", wrong) == (IGNORE, 0)
            assert await ask(authenticator, None, b"right") == (IGNORE, 0)
            one = client("alice")
            assert (await authenticator.authenticate(one, b"right")).verdict == ALLOW
            assert one.is_superuser
            await store.delete("bob")
            assert await ask(authenticator, "bob", b"right") == (IGNORE, 0)

    asyncio.run(scenario())


def test_by_client_identifier() -> None:
    async def scenario() -> None:
        async with services(users=UsersConfig(user_id_type="client_id")) as made:
            authenticator = UsersAuthenticator()
            await authenticator.start(made)
            await UserStore.of(made).add("device", User(hashed("right")))
            device = client(None, "device")
            assert (await authenticator.authenticate(device, b"right")).verdict == ALLOW
            assert await ask(authenticator, "device", b"right") == (IGNORE, 0)

    asyncio.run(scenario())


def test_a_user_that_is_deleted_while_the_password_is_checked_stays_out() -> None:
    async def scenario() -> None:
        async with services() as made:
            authenticator = UsersAuthenticator()
            await authenticator.start(made)
            store = UserStore.of(made)
            await store.add("bob", User(hashed("right", Argon2Cost(8192, 2, 1))))
            task = asyncio.create_task(ask(authenticator, "bob", b"right"))
            await asyncio.sleep(0)  # it is in the thread now
            await store.delete("bob")
            assert await task == BAD

    asyncio.run(scenario())


def test_a_hash_with_other_parameters_is_made_anew() -> None:
    async def scenario() -> None:
        async with services() as made:
            authenticator = UsersAuthenticator()
            await authenticator.start(made)
            store = UserStore.of(made)
            await store.add("bob", User(hashed("right", Argon2Cost(128, 1, 1)), True, ("keys",)))
            assert await ask(authenticator, "bob", b"wrong") == BAD
            await made.settle()
            assert "m=128" in getattr(store.get("bob"), "hash", "")
            assert await ask(authenticator, "bob", b"right") == (ALLOW, 0)
            await made.settle()
            user = store.get("bob")
            assert user is not None
            assert (user.is_superuser, user.scram) == (True, ("keys",))
            assert user.hash.startswith("$argon2id$v=19$m=64,t=1,p=1$")
            assert await ask(authenticator, "bob", b"right") == (ALLOW, 0)
            assert made.tasks == []

    asyncio.run(scenario())


def test_who_comes_while_too_many_wait_is_told_that_the_server_is_busy() -> None:
    async def scenario() -> None:
        few = HashingConfig(memory=65_536, passes=1, threads=1, max_waiting=2)
        async with services(password_hashing=few) as made:
            authenticator = UsersAuthenticator()
            await authenticator.start(made)
            await UserStore.of(made).add("bob", User(hashed("right")))
            names = ["bob", "nobody"] * 50
            results = await asyncio.gather(*(ask(authenticator, one, b"x") for one in names))
            assert results.count((DENY, 0x89)) == 97
            counted = made.metrics.snapshot()["authentication.hashing.refused"]
            assert counted == 97
            assert await ask(authenticator, "bob", b"right") == (ALLOW, 0)

    asyncio.run(scenario())


@pytest.mark.serial
def test_a_stranger_takes_as_long_as_a_user() -> None:
    async def scenario() -> None:
        cost = Argon2Cost(16_384, 2, 1)
        async with services(
            password_hashing=HashingConfig(memory=cost.memory * 1024, passes=cost.time)
        ) as made:
            authenticator = UsersAuthenticator()
            await authenticator.start(made)
            await UserStore.of(made).add("bob", User(hashed("right", cost)))
            quickest = {"bob": 9.0, "nobody": 9.0}
            for _ in range(8):
                for name in ("bob", "nobody"):
                    before = time.perf_counter()
                    await ask(authenticator, name, b"wrong")
                    took = time.perf_counter() - before
                    quickest[name] = min(quickest[name], took)
            assert 0.5 < quickest["bob"] / quickest["nobody"] < 2.0

    asyncio.run(scenario())


@pytest.mark.serial
def test_wrong_passwords_leave_nothing_behind() -> None:
    """Each with a name of its own, of which 60,000 are tried, with a hash that is quick."""
    quick = str(salted("sha256", "prefix", b"s", hashlib.sha256(b"sright").digest()))

    async def scenario() -> None:
        async with services(password_hashing=HASHING) as made:
            authenticator = UsersAuthenticator()
            await authenticator.start(made)
            await UserStore.of(made).add("bob", User(quick))

            async def wrong(first: int) -> None:
                for number in range(first, first + 10_000):
                    assert await ask(authenticator, f"nobody {number}", b"wrong") == (IGNORE, 0)
                    assert await ask(authenticator, "bob", b"wrong %d" % number) == BAD

            await wrong(0)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for first in range(10_000, 30_000, 10_000):
                await wrong(first)
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1024

    asyncio.run(scenario())
