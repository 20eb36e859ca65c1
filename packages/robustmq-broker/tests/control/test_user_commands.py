from pathlib import Path
from typing import Any, cast

import pytest
from control_kit import kit, run
from user_kit import HASHING, Connected, client, hashed, services

from robustmq_broker.access.hashing.forms import parse_hash
from robustmq_broker.access.hashing.verification import verify
from robustmq_broker.access.users.user_store import UserStore
from robustmq_broker.access.users.users_config import UsersConfig
from robustmq_broker.control.command import Context
from robustmq_broker.control.commands import perform
from robustmq_broker.control.user_commands import IMPORTS_MAX
from robustmq_broker.services import Services
from robustmq_common.errors import CallerError
from robustmq_common.spi.pack import ConnectedClient

SECTIONS: dict[str, Any] = {
    "users": UsersConfig(scram=["SCRAM-SHA-256"], scram_iterations=4096),
    "password_hashing": HASHING,
}


def test_users_come_change_and_go(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path, sections=SECTIONS.__getitem__) as one:
            added = await one.ask("user.add", name="bob", password="x", superuser=True)
            assert added == [{"added": "bob"}]
            ((page),) = await one.ask("user.list")
            kept = {"hash": "argon2id", "scram": ["SCRAM-SHA-256"]}
            assert page == {"users": [{"name": "bob", "superuser": True, **kept}]}
            ((before),) = await one.ask("user.list", hashes=True)
            changed = await one.ask("user.passwd", name="bob", password="y")
            assert changed == [{"changed": "bob", "disconnected": 0}]
            ((after),) = await one.ask("user.list", hashes=True)
            assert verify(parse_hash(before["users"][0]["hash"]), b"x")
            assert verify(parse_hash(after["users"][0]["hash"]), b"y")
            assert after["users"][0]["superuser"] is True
            deleted = await one.ask("user.delete", name="bob")
            assert deleted == [{"deleted": "bob", "disconnected": 0}]
            assert await one.ask("user.list") == [{"users": []}]

    run(scenario)


@pytest.mark.parametrize(
    ("command", "arguments", "problem"),
    [
        ("user.add", {"name": "bob", "password": "x"}, "there is a user 'bob' already"),
        ("user.add", {"name": "", "password": "x"}, "cannot be empty"),
        ("user.add", {"name": "new", "password": ""}, "password is empty"),
        ("user.add", {"name": "new"}, "password: Field required"),
        ("user.passwd", {"name": "new", "password": "x"}, "there is no user 'new'"),
        ("user.delete", {"name": "new"}, "there is no user 'new'"),
        ("user.import_part", {"token": "x", "users": []}, "no such import"),
        ("user.import_end", {"token": "x"}, "no such import"),
    ],
)
def test_what_cannot_be_done_is_told(
    tmp_path: Path, command: str, arguments: dict[str, Any], problem: str
) -> None:
    async def scenario() -> None:
        async with kit(tmp_path, sections=SECTIONS.__getitem__) as one:
            await one.ask("user.add", name="bob", password="x")
            with pytest.raises(CallerError, match=problem):
                await one.ask(command, **arguments)

    run(scenario)


def test_a_list_comes_in_pages(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path, sections=SECTIONS.__getitem__) as one:
            begun = one.begin("user.import")
            token = (await anext(begun))["token"]
            users = [{"name": f"user {n:03}", "hash": hashed("x")} for n in range(250)]
            await one.ask("user.import_part", token=token, users=users)
            await one.ask("user.import_end", token=token)
            assert (await anext(begun))["imported"] == 250
            pages = await one.ask("user.list")
            assert [len(page["users"]) for page in pages] == [100, 100, 50]
            ((page),) = await one.ask("user.list", prefix="user 1", limit=3)
            names = [each["name"] for each in page["users"]]
            assert names == ["user 100", "user 101", "user 102"]

    run(scenario)


def test_an_import_is_whole_or_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path, sections=SECTIONS.__getitem__) as one:
            await one.ask("user.add", name="bob", password="x")
            begun = one.begin("user.import")
            first = await anext(begun)
            assert (first["cost"], first["iterations"]) == ([64, 1, 1], 4096)
            users = [{"name": name, "hash": hashed("y")} for name in ("alice", "bob")]
            await one.ask("user.import_part", token=first["token"], users=users)
            for bad in ({"name": "", "hash": hashed("x")}, {"name": "c", "hash": "plain"}):
                with pytest.raises(CallerError):
                    await one.ask("user.import_part", token=first["token"], users=[bad])
            await one.ask("user.import_end", token=first["token"])
            with pytest.raises(CallerError, match="1 users are there already"):
                await anext(begun)
            ((page),) = await one.ask("user.list")
            assert [each["name"] for each in page["users"]] == ["bob"]

    run(scenario)


def test_an_import_ends_with_its_command_and_there_are_not_many(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path, sections=SECTIONS.__getitem__) as one:
            begun = [one.begin("user.import") for _ in range(IMPORTS_MAX)]
            tokens = [(await anext(each))["token"] for each in begun]
            with pytest.raises(CallerError, match="imports are under way"):
                await one.ask("user.import")
            for each in begun:
                await each.aclose()
            with pytest.raises(CallerError, match="no such import"):
                await one.ask("user.import_part", token=tokens[0], users=[])

    run(scenario)


def test_in_a_broker_it_takes_effect_at_once_and_clients_go() -> None:
    async def scenario() -> None:
        async with services(**SECTIONS) as made:
            adapter = made.storage.adapter
            context = Context(
                {"memory": adapter}, Path(), services=cast(Services, made), sections=made.section
            )

            async def ask(command: str, **arguments: Any) -> list[dict[str, Any]]:
                return [one async for one in perform(context, command, arguments)]

            await ask("user.add", name="bob", password="x")
            store = UserStore.of(made)
            assert store.names() == ["bob"]
            clients = [
                Connected(client("bob", authenticator="users")),
                Connected(client("bob", authenticator="scram")),
                Connected(client("bob", authenticator="jwt")),
                Connected(client("alice", authenticator="users")),
            ]
            made.clients = [cast(ConnectedClient, one) for one in clients]
            await ask("user.passwd", name="bob", password="y", keep_connected=True)
            assert [len(one.told) for one in clients] == [0, 0, 0, 0]
            (answer,) = await ask("user.passwd", name="bob", password="z")
            assert answer["disconnected"] == 2
            (answer,) = await ask("user.delete", name="bob")
            assert answer["disconnected"] == 2
            assert [len(one.told) for one in clients] == [2, 2, 0, 0]
            assert store.names() == []

    run(scenario)
