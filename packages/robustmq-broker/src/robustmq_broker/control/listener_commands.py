"""[R] listeners.*: what is listened on, and starting, stopping and reloading it."""

from collections.abc import Mapping
from typing import Any, Final

from robustmq_broker.control.command import Answers, Arguments, Command, Context
from robustmq_broker.listeners.listener import Listener
from robustmq_common.errors import CallerError, NotRunning


class NoArguments(Arguments):
    """A command about all listeners."""


class OneListener(Arguments):
    """listener: its name in the configuration."""

    listener: str


class StopArguments(OneListener):
    """disconnect: whether clients that are connected are cut off, too."""

    disconnect: bool = False


class ReloadArguments(Arguments):
    """listener: its name; all that have certificates if there is none."""

    listener: str = ""


async def names(context: Context, given: NoArguments) -> Answers:  # noqa: ARG001
    """Each listener, and how many connections it has."""
    for one in _listeners(context).values():
        yield _facts(one)


async def start(context: Context, given: OneListener) -> Answers:
    """Listen again."""
    one = _listener(context, given.listener)
    if one.accepting:
        raise CallerError(f"listener {one.name!r} accepts connections already")
    await one.open()
    one.log.info("listener accepts again", listener=one.name, address=one.address)
    yield _facts(one)


async def stop(context: Context, given: StopArguments) -> Answers:
    """Accept nobody from now on; those who are connected stay, unless they are cut off."""
    one = _listener(context, given.listener)
    one.stop_accepting()
    one.log.info("listener stopped", listener=one.name, disconnect=given.disconnect)
    if given.disconnect:
        one.disconnect_all()
    yield _facts(one)


async def reload(context: Context, given: ReloadArguments) -> Answers:
    """Load certificates anew, of one listener or of all."""
    chosen = (
        [_listener(context, given.listener)]
        if given.listener
        else list(_listeners(context).values())
    )
    for one in chosen:
        if await one.reload():
            yield {"listener": one.name, "reloaded": True}
        elif given.listener:
            raise CallerError(f"listener {one.name!r} has no certificates to load")


def _facts(one: Listener) -> dict[str, Any]:
    return {
        "listener": one.name,
        "protocol": one.config.protocol,
        "transport": one.config.transport,
        "address": one.address,
        "accepting": one.accepting,
        "connections": len(one.connections),
        "max_connections": one.config.max_connections,
    }


def _listeners(context: Context) -> Mapping[str, Listener]:
    if context.listeners is None:
        raise NotRunning("this needs a broker that runs: start one with `robust-server start`")
    return context.listeners


def _listener(context: Context, name: str) -> Listener:
    there = _listeners(context)
    if name not in there:
        raise CallerError(
            f"there is no listener {name!r}; the enabled ones are: {', '.join(there) or 'none'}"
        )
    return there[name]


COMMANDS: Final[Mapping[str, Command[Any]]] = {
    "listeners.list": Command(NoArguments, names),
    "listeners.start": Command(OneListener, start),
    "listeners.stop": Command(StopArguments, stop),
    "listeners.reload": Command(ReloadArguments, reload),
}
