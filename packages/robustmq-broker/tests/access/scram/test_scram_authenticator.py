"""The methods of "scram", with a client that somebody else wrote."""

import asyncio
from collections.abc import Callable

import scramp
from user_kit import UserServices, client, hashed, services

from robustmq_broker.access.scram.keys import derive_keys
from robustmq_broker.access.scram.scram_authenticator import (
    ScramAuthenticator,
    ScramMethod,
    ScramSha256,
    ScramSha512,
)
from robustmq_broker.access.users.user_record import User
from robustmq_broker.access.users.user_store import UserStore
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, ClientInfo, ExchangeStep

METHODS = ("SCRAM-SHA-256", "SCRAM-SHA-512")


def user(password: str, *methods: str, superuser: bool = False) -> User:
    keys = [str(derive_keys(one, password, b"s" * 16, 4096)) for one in methods]
    return User(hashed(password), superuser, tuple(keys))


async def started(made: UserServices, kind: type[ScramMethod]) -> ScramMethod:
    link = ScramAuthenticator()
    await link.start(made)
    assert (await link.authenticate(client("bob"), b"right")).verdict == IGNORE
    method = kind()
    method.start(made)
    return method


async def exchange(
    method: ScramMethod,
    who: ClientInfo,
    name: str,
    password: str,
    again: bool = False,
    between: Callable[[], None] = lambda: None,
) -> tuple[ExchangeStep, str]:
    """Go through an exchange; returns its last step, and what the server said first."""
    side = scramp.ScramClient([method.method], name, password)
    one = method.begin(who, again)
    step = await one.step(side.get_client_first().encode())
    if step.verdict != IGNORE:
        return step, ""
    first = (step.data or b"").decode()
    side.set_server_first(first)
    between()
    step = await one.step(side.get_client_final().encode())
    if step.verdict == ALLOW:
        side.set_server_final((step.data or b"").decode())  # the server has shown that it knows
    return step, first


def test_the_right_password_gets_in() -> None:
    async def scenario() -> None:
        for kind in (ScramSha256, ScramSha512):
            async with services() as made:
                method = await started(made, kind)
                await UserStore.of(made).add("bob", user("right", *METHODS, superuser=True))
                who = client(None)
                step, _ = await exchange(method, who, "bob", "right")
                assert step.verdict == ALLOW
                assert (who.username, who.is_superuser) == ("bob", True)
                assert who.authenticator == "scram"
                who = client(None)
                step, _ = await exchange(method, who, "bob", "wrong")
                assert (step.verdict, step.reason_code) == (DENY, 0x86)
                assert (who.username, who.is_superuser) == (None, False)

    asyncio.run(scenario())


def test_a_stranger_is_asked_like_a_user_and_always_the_same() -> None:
    async def scenario() -> None:
        async with services() as made:
            method = await started(made, ScramSha256)
            await UserStore.of(made).add("bob", user("right", *METHODS))
            await UserStore.of(made).add("old", user("right"))  # without keys
            asked: dict[str, str] = {}
            for name in ("bob", "old", "nobody", "nobody", "somebody"):
                step, first = await exchange(method, client(None), name, "wrong")
                assert (step.reason_code, step.reason) == (0x86, "bad user name or password")
                fields = dict(field.split("=", 1) for field in first.split(","))
                assert (len(fields["s"]), fields["i"]) == (24, "4096")
                assert asked.setdefault(name, fields["s"]) == fields["s"]
            assert len(set(asked.values())) == 4

    asyncio.run(scenario())


def test_re_authentication_cannot_change_the_user() -> None:
    async def scenario() -> None:
        async with services() as made:
            method = await started(made, ScramSha256)
            for name in ("alice", "bob"):
                await UserStore.of(made).add(name, user("right", *METHODS))
            who = client("bob")
            assert (await exchange(method, who, "bob", "right", True))[0].verdict == ALLOW
            step, _ = await exchange(method, who, "alice", "right", True)
            assert (step.verdict, step.reason_code) == (DENY, 0x87)
            assert who.username == "bob"

    asyncio.run(scenario())


def test_a_user_that_is_changed_in_between_stays_out() -> None:
    async def scenario() -> None:
        async with services() as made:
            method = await started(made, ScramSha256)
            store = UserStore.of(made)
            await store.add("bob", user("right", *METHODS))

            def gone() -> None:
                store._users.clear()  # a real deletion would have to wait

            step, _ = await exchange(method, client(None), "bob", "right", between=gone)
            assert (step.verdict, step.reason_code) == (DENY, 0x86)

    asyncio.run(scenario())


def test_what_is_no_message_is_a_denial() -> None:
    async def scenario() -> None:
        async with services() as made:
            method = await started(made, ScramSha256)
            for data in (
                None,
                b"",
                b"junk",
                b"p=tls-unique,,n=u,r=12345678",
                b"n,,n=\x07,r=123456",
            ):
                step = await method.begin(client(None), False).step(data)
                assert (step.verdict, step.reason_code) == (DENY, 0x87)
                assert step.reason.startswith("SCRAM-SHA-256: that is no message")
            one = method.begin(client(None), False)
            assert (await one.step(b"n,,n=bob,r=12345678")).verdict == IGNORE
            assert (await one.step(b"junk")).verdict == DENY

    asyncio.run(scenario())
