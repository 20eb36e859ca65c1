"""[R] user.*: the users that the broker keeps."""

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field, SecretStr

from robustmq_broker.access.disconnecting import disconnect_clients
from robustmq_broker.access.hashing.forms import HashFormError, kind_of, parse_hash
from robustmq_broker.access.hashing.hash_pool import SECTION as HASHING
from robustmq_broker.access.scram.keys import parse_keys
from robustmq_broker.access.users.new_user import NewPassword, new_user
from robustmq_broker.access.users.user_record import User, check_name
from robustmq_broker.access.users.user_store import UserStore, no_user
from robustmq_broker.access.users.users_authenticator import user_id
from robustmq_broker.access.users.users_config import UsersConfig
from robustmq_broker.control.command import PAGE, Answers, Arguments, Command, Context
from robustmq_common.errors import CallerError
from robustmq_common.spi.access import ClientInfo

IMPORTS_MAX: Final = 4
IMPORT_USERS_MAX: Final = 5_000_000
PART_MAX: Final = 500


class Named(Arguments):
    """Arguments of a command on one user."""

    name: str


class Dropping(Named):
    """keep_connected: leave the user's clients connected."""

    keep_connected: bool = False


class AddArguments(Named):
    """A new user."""

    password: SecretStr
    superuser: bool = False


class PasswdArguments(Dropping):
    """A new password."""

    password: SecretStr


class ListArguments(Arguments):
    """prefix: only names that begin so. limit: no more than so many. hashes: what is kept, too."""

    prefix: str = ""
    limit: int | None = Field(None, ge=1)
    hashes: bool = False


class ImportArguments(Arguments):
    """replace: overwrite users that are there."""

    replace: bool = False
    keep_connected: bool = False


class ImportedUser(Arguments):
    """A user of an import, whose password has been hashed."""

    name: str
    hash: str
    superuser: bool = False
    scram: list[str] = Field(default_factory=list, max_length=4)


class PartArguments(Arguments):
    """Some users of an import that has begun."""

    token: str
    users: list[ImportedUser] = Field(max_length=PART_MAX)


class TokenArguments(Arguments):
    """All users of an import have been sent."""

    token: str


class Import:
    """Users that have been sent and are not written yet."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.complete = asyncio.Event()


class Imports(dict[str, Import]):
    """The imports that are under way, by token."""


async def _store(context: Context) -> UserStore:
    if context.services is not None:
        store = UserStore.of(context.services)
    else:
        adapter = next(iter(context.adapters.values()))
        cost = context.sections(HASHING).cost
        store = context.kept.setdefault(UserStore, UserStore(adapter, cost))
    await store.load()
    return store


def _how(context: Context) -> NewPassword:
    config: UsersConfig = context.sections("users")
    cost = context.sections(HASHING).cost
    return NewPassword(cost, tuple(dict.fromkeys(config.scram)), config.scram_iterations)


async def _made(context: Context, name: str, password: SecretStr, *, superuser: bool) -> User:
    check_name(name)
    how = _how(context)
    given = password.get_secret_value()
    return await asyncio.to_thread(
        new_user, name, given, how, secrets.token_bytes, is_superuser=superuser
    )


def _disconnect(context: Context, names: set[str], reason: str) -> int:
    if context.services is None:
        return 0
    config: UsersConfig = context.sections("users")

    def concerns(client: ClientInfo) -> bool:
        if client.authenticator == "users":
            return user_id(client, config) in names
        return client.authenticator == "scram" and client.username in names

    return disconnect_clients(context.services, concerns, reason)


async def add(context: Context, given: AddArguments) -> Answers:
    """Add a user."""
    store = await _store(context)
    if store.get(given.name) is None:  # else it says so, without hashing first
        user = await _made(context, given.name, given.password, superuser=given.superuser)
    else:
        user = User("")
    await store.add(given.name, user)
    yield {"added": given.name}


async def passwd(context: Context, given: PasswdArguments) -> Answers:
    """Set a user's password."""
    store = await _store(context)
    before = store.get(given.name)
    if before is None:
        raise no_user(given.name)
    superuser = before.is_superuser
    user = await _made(context, given.name, given.password, superuser=superuser)
    await store.change(given.name, before, user)
    names = set() if given.keep_connected else {given.name}
    ended = _disconnect(context, names, "the password was changed")
    yield {"changed": given.name, "disconnected": ended}


async def delete(context: Context, given: Dropping) -> Answers:
    """Remove a user."""
    store = await _store(context)
    await store.delete(given.name)
    names = set() if given.keep_connected else {given.name}
    yield {
        "deleted": given.name,
        "disconnected": _disconnect(context, names, "the user is deleted"),
    }


async def names(context: Context, given: ListArguments) -> Answers:
    """Each user; hashes only if they are asked for."""
    store = await _store(context)
    page: list[dict[str, Any]] = []
    for name in store.names(given.prefix)[: given.limit]:
        user = store.get(name)
        if user is None:
            continue  # deleted while the pages before were sent
        page.append(_shown(name, user, hashes=given.hashes))
        if len(page) == PAGE:
            yield {"users": page}
            page = []
    yield {"users": page}


def _shown(name: str, user: User, *, hashes: bool) -> dict[str, Any]:
    if hashes:
        kept = {"hash": user.hash, "scram": list(user.scram)}
    else:
        methods = [one.partition("$")[0] for one in user.scram]
        kept = {"hash": kind_of(user.hash).lstrip("$").partition("$")[0], "scram": methods}
    return {"name": name, "superuser": user.is_superuser, **kept}


async def import_users(context: Context, given: ImportArguments) -> Answers:
    """Begin an import, which lasts as long as this command; `user.import_part` adds to it.

    The first answer has a token, and how passwords are hashed; the second comes after
    `user.import_end`, when all is written.
    """
    store = await _store(context)
    imports: Imports = context.kept.setdefault(Imports, Imports())
    if len(imports) >= IMPORTS_MAX:
        raise CallerError(f"{IMPORTS_MAX} imports are under way, as many as there may be")
    token = secrets.token_hex(16)
    how = _how(context)
    imports[token] = one = Import()
    try:
        cost = how.cost
        yield {
            "token": token,
            "cost": [cost.memory, cost.time, cost.parallelism],
            "scram": list(how.scram),
            "iterations": how.iterations,
        }
        await one.complete.wait()
    finally:
        del imports[token]
    changed = {name for name in one.users if store.get(name) is not None}
    await store.add_all(one.users, replace=given.replace)
    names = set() if given.keep_connected else changed
    ended = _disconnect(context, names, "the password was changed")
    yield {"imported": len(one.users), "replaced": len(changed), "disconnected": ended}


async def import_part(context: Context, given: PartArguments) -> Answers:
    """Add users to an import."""
    one = _import(context, given.token)
    if len(one.users) + len(given.users) > IMPORT_USERS_MAX:
        raise CallerError(f"an import has at most {IMPORT_USERS_MAX} users")
    for user in given.users:
        check_name(user.name)
        try:
            known = str(parse_hash(user.hash))
            keys = tuple(str(parse_keys(line)) for line in user.scram)
        except HashFormError as error:
            raise CallerError(f"the hash of {user.name!r}: {error}") from None
        except ValueError as error:
            raise CallerError(f"the SCRAM keys of {user.name!r}: {error}") from None
        one.users[user.name] = User(known, user.superuser, keys)
    yield {"users": len(one.users)}


async def import_end(context: Context, given: TokenArguments) -> Answers:
    """Have an import written."""
    _import(context, given.token).complete.set()
    yield {}


def _import(context: Context, token: str) -> Import:
    found: Import | None = context.kept.get(Imports, {}).get(token)
    if found is None:
        raise CallerError("there is no such import under way")
    return found


COMMANDS: Final[Mapping[str, Command[Any]]] = {
    "user.add": Command(AddArguments, add),
    "user.passwd": Command(PasswdArguments, passwd),
    "user.delete": Command(Dropping, delete),
    "user.list": Command(ListArguments, names),
    "user.import": Command(ImportArguments, import_users),
    "user.import_part": Command(PartArguments, import_part),
    "user.import_end": Command(TokenArguments, import_end),
}
