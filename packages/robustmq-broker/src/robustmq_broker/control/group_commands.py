"""[R] groups.*: consumer groups, how far they are, and where they go on."""

from collections.abc import Mapping
from typing import Any, Final

from robustmq_broker.control.command import Answers, Command, Context
from robustmq_broker.control.storage_commands import OnAdapter, require_shard
from robustmq_common.errors import CallerError
from robustmq_common.spi.consumers import AtOffset, AtTime, Edge


class GroupArguments(OnAdapter):
    """Arguments of a command on one group."""

    group: str


class SeekArguments(GroupArguments):
    """to: where the group goes on in the shard."""

    shard: str
    to: AtOffset | AtTime | Edge


async def names(context: Context, given: OnAdapter) -> Answers:
    """Each group, with the number of shards it reads and how many records are still to come."""
    adapter = context.adapter(given.adapter)
    groups = context.groups
    for name in await groups.names(adapter):
        lags = await groups.group(name, adapter).lags()
        yield {"group": name, "shards": len(lags), "lag": sum(one.lag for one in lags)}


async def lag(context: Context, given: GroupArguments) -> Answers:
    """How far a group is in each shard."""
    lags = await context.groups.group(given.group, context.adapter(given.adapter)).lags()
    if not lags:
        raise _no_group(given.group)
    for one in lags:
        yield {
            "shard": one.shard,
            "position": one.position,
            "start": one.start,
            "end": one.end,
            "lag": one.lag,
        }


async def seek(context: Context, given: SeekArguments) -> Answers:
    """Move a group, which comes into being if it is not there."""
    adapter = context.adapter(given.adapter)
    await require_shard(adapter, given.shard)
    group = context.groups.group(given.group, adapter)
    yield {"position": await group.seek(given.shard, given.to)}


async def delete(context: Context, given: GroupArguments) -> Answers:
    """Forget a group."""
    if not await context.groups.delete(given.group, context.adapter(given.adapter)):
        raise _no_group(given.group)
    yield {"deleted": given.group}


def _no_group(name: str) -> CallerError:
    return CallerError(f"there is no consumer group {name!r}; see `robust-ctl groups list`")


COMMANDS: Final[Mapping[str, Command[Any]]] = {
    "groups.list": Command(OnAdapter, names),
    "groups.lag": Command(GroupArguments, lag),
    "groups.seek": Command(SeekArguments, seek),
    "groups.delete": Command(GroupArguments, delete),
}
