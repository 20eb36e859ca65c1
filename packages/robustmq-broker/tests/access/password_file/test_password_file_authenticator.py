"""The authenticator "password_file": what it reads, and when it reads it again."""

import asyncio
from pathlib import Path
from typing import cast

import pytest
from user_kit import Connected, UserServices, client, hashed, services

from robustmq_broker.access.password_file.password_file_authenticator import (
    PasswordFileAuthenticator,
)
from robustmq_broker.access.password_file.password_file_config import PasswordFileConfig
from robustmq_common.errors import ConfigError
from robustmq_common.spi.access import ALLOW, DENY, IGNORE
from robustmq_common.spi.pack import ConnectedClient


def write(path: Path, *lines: str) -> None:
    draft = path.with_suffix(".new")
    draft.write_text("".join(f"{line}\n" for line in lines))
    draft.chmod(0o600)
    draft.replace(path)


def config(path: Path) -> PasswordFileConfig:
    return PasswordFileConfig(path=str(path), check_interval=5.0)


async def started(made: UserServices) -> PasswordFileAuthenticator:
    one = PasswordFileAuthenticator()
    await one.start(made)
    return one


async def verdict(one: PasswordFileAuthenticator, name: str | None, password: str) -> int:
    return (await one.authenticate(client(name), password.encode())).verdict


def test_who_is_in_the_file_and_who_is_not(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    write(path, f"bob:{hashed('right')}")

    async def scenario() -> None:
        async with services(password_file=config(path)) as made:
            one = await started(made)
            assert await verdict(one, "bob", "right") == ALLOW
            assert await verdict(one, "bob", "wrong") == DENY
            assert await verdict(one, "nobody", "right") == IGNORE
            assert await verdict(one, None, "right") == IGNORE
            assert made.log.entries == []

    asyncio.run(scenario())


def test_a_change_is_seen_and_who_had_the_old_password_goes(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    write(path, f"bob:{hashed('right')}", f"carol:{hashed('x')}", f"dave:{hashed('x')}")

    async def scenario() -> None:
        async with services(password_file=config(path)) as made:
            one = await started(made)
            clients = [
                Connected(client("bob", authenticator="password_file")),
                Connected(client("carol", authenticator="password_file")),
                Connected(client("dave", authenticator="password_file")),
                Connected(client("bob", authenticator="users")),
            ]
            made.clients = [cast(ConnectedClient, each) for each in clients]
            write(path, f"bob:{hashed('new')}", f"carol:{hashed('x')}")
            made.timers.advance(5.1)
            await made.settle()
            assert await verdict(one, "bob", "right") == DENY
            assert await verdict(one, "bob", "new") == ALLOW
            assert await verdict(one, "dave", "x") == IGNORE
            assert [len(each.told) for each in clients] == [1, 0, 1, 0]
            # By SIGHUP, too, and without waiting.
            write(path)
            one.reload()
            one.reload()
            await made.settle()
            assert await verdict(one, "bob", "new") == IGNORE

    asyncio.run(scenario())


def test_a_file_that_is_wrong_changes_nothing_and_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    write(path, f"bob:{hashed('right')}")

    async def scenario() -> None:
        async with services(password_file=config(path)) as made:
            one = await started(made)
            write(path, "bob:plain")
            for _ in range(3):
                made.timers.advance(5.1)
                await made.settle()
            assert await verdict(one, "bob", "right") == ALLOW
            (entry,) = made.log.entries
            assert "line 1: it is no hash" in str(entry)
            assert "plain" not in str(entry).replace("plain text", "")
            path.unlink()
            made.timers.advance(5.1)
            await made.settle()
            assert "cannot be read: no such file" in str(made.log.entries[-1])
            assert await verdict(one, "bob", "right") == ALLOW
            write(path, f"bob:{hashed('new')}")
            made.timers.advance(5.1)
            await made.settle()
            assert await verdict(one, "bob", "new") == ALLOW

    asyncio.run(scenario())


def test_others_should_not_read_it(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    write(path, f"bob:{hashed('right')}")
    path.chmod(0o644)

    async def scenario() -> None:
        async with services(password_file=config(path)) as made:
            await started(made)
            (entry,) = made.log.entries
            assert "others on this machine can read" in str(entry)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "no such file"), ("x", "line 1: expected NAME:HASH")]
)
def test_it_has_to_be_in_order_at_the_start(
    tmp_path: Path, content: str | None, problem: str
) -> None:
    path = tmp_path / "passwords"
    if content is not None:
        write(path, content)

    async def scenario() -> None:
        async with services(password_file=config(path)) as made:
            with pytest.raises(ConfigError, match=problem):
                await started(made)

    asyncio.run(scenario())


def test_it_has_to_be_named_and_cannot_be_endless(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with services() as made:
            with pytest.raises(ConfigError, match=r"password_file\.path"):
                await started(made)
        path = tmp_path / "passwords"
        write(path, *("# " + "x" * 100 for _ in range(20)))
        small = PasswordFileConfig(path=str(path), max_size=1024)
        async with services(password_file=small) as made:
            with pytest.raises(ConfigError, match="larger than"):
                await started(made)

    asyncio.run(scenario())
