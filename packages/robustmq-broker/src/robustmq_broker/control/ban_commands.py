"""[R] bans.*: who may not connect. A new ban disconnects the clients that it is on."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final

from pydantic import Field

from robustmq_broker.control.command import PAGE, Answers, Arguments, Command, Context
from robustmq_broker.protection.ban import FOR_EVER, Ban
from robustmq_broker.protection.ban_table import BanTable
from robustmq_broker.protection.bans import StoredBans
from robustmq_broker.protection.protection_config import BansConfig
from robustmq_common.errors import CallerError
from robustmq_common.spi.access import ClientInfo
from robustmq_common.spi.services import BrokerServices

ADMINISTRATIVE_ACTION: Final = 0x98
"""What a client that is connected is told: 0x8A, Banned, is not among the codes of DISCONNECT
(MQTT 5, table 3-10)."""
_YEAR_MAX: Final = 253_402_300_800.0
"""The year 10000, in seconds since the epoch."""


class AddArguments(Arguments):
    """kind: as in `robustmq_broker.protection.ban.KINDS`. until: seconds since the epoch.

    seconds: how long, instead of until when; with neither, for ever.
    """

    kind: str
    value: str
    until: float | None = Field(None, ge=0, lt=_YEAR_MAX)
    seconds: float | None = Field(None, gt=0, lt=_YEAR_MAX)
    reason: str = ""
    by: str = ""


class DeleteArguments(Arguments):
    """The ban to lift."""

    kind: str
    value: str


class NoArguments(Arguments):
    """The command has none."""


async def add(context: Context, given: AddArguments) -> Answers:
    """Ban; the answer says how many clients were disconnected for it."""
    now = time.time()
    if given.until is not None and given.seconds is not None:
        raise CallerError("a ban has an end or a duration, not both")
    until = FOR_EVER if given.until is None else given.until
    if given.seconds is not None:
        until = now + given.seconds
    if given.until is not None and until <= now:
        raise CallerError("the end of the ban is in the past")
    bans = await _bans(context)
    ban = await bans.add(Ban(given.kind, given.value, until, given.reason, given.by, now))
    services = context.services
    disconnected = 0 if services is None else await _disconnect(services, ban)
    yield {**_fields(ban), "disconnected": disconnected}


async def names(context: Context, given: NoArguments) -> Answers:  # noqa: ARG001
    """The bans that are not over."""
    now = time.time()
    bans = [ban for ban in (await _bans(context)).table if not ban.is_over(now)]
    for first in range(0, len(bans), PAGE):
        yield {"bans": [_fields(ban) for ban in bans[first : first + PAGE]]}


async def delete(context: Context, given: DeleteArguments) -> Answers:
    """Lift a ban."""
    bans = await _bans(context)
    if not await bans.delete(given.kind, given.value):
        raise CallerError(
            f"there is no ban on {given.kind} {given.value!r}; see `robust-ctl ban list`"
        )
    yield {"deleted": 1}


async def clear(context: Context, given: NoArguments) -> Answers:  # noqa: ARG001
    """Lift all bans."""
    yield {"deleted": await (await _bans(context)).clear()}


async def _bans(context: Context) -> StoredBans:
    """The bans of the broker that runs, or those that are stored if none does."""
    services = context.services
    if services is not None and services.protection is not None:
        return services.protection.bans
    bans = StoredBans(context.adapter(""), BansConfig().max_bans, _ignore)
    await bans.load()
    return bans


async def _disconnect(services: BrokerServices, ban: Ban) -> int:
    """Disconnect the clients that a ban is on, with pauses for others; returns how many."""
    table = BanTable(1)
    table.add(ban)
    matching = 0
    for number, one in enumerate(services.connected()):
        if _is_on(table, one.client):
            one.disconnect(ADMINISTRATIVE_ACTION, "banned")
            matching += 1
        if number % PAGE == PAGE - 1:
            await asyncio.sleep(0)
    return matching


def _is_on(table: BanTable, client: ClientInfo) -> bool:
    now = 0.0  # it is not over, as it has only just been added
    by_name = table.of_name(client.client_id, client.username, now)
    return (by_name or table.of_address(client.address, now)) is not None


def _fields(ban: Ban) -> dict[str, Any]:
    return {
        "kind": ban.kind,
        "value": ban.value,
        "until": ban.until or None,
        "reason": ban.reason,
        "by": ban.by,
        "at": ban.at,
    }


def _ignore(_reason: str) -> None:
    """A damaged ban is told by the broker's log, at its start."""


COMMANDS: Final[Mapping[str, Command[Any]]] = {
    "bans.add": Command(AddArguments, add),
    "bans.list": Command(NoArguments, names),
    "bans.delete": Command(DeleteArguments, delete),
    "bans.clear": Command(NoArguments, clear),
}
