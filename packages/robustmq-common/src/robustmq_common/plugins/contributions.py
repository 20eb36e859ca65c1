"""[A] What one plugin registers: its hooks are called once, and what they return is checked."""

import inspect
import traceback
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import pluggy

from robustmq_common.plugins import hookspecs
from robustmq_common.plugins.kinds import KINDS, Fault

Contributions = dict[str, list[tuple[str, Any]]]
"""By hook: the items that a plugin registers, each with its name."""


def contributions(plugin: object, name: str) -> Contributions:
    """Call every hook that a plugin implements, and return what it registers.

    Raises `Fault` if a hook does not exist, cannot be called, raises, or returns something else
    than it has to.
    """
    functions = _hook_functions(plugin, name)
    found: Contributions = {}
    for kind in KINDS:
        for function in functions.get(kind.hook, ()):
            try:
                returned = function()
            except (Exception, SystemExit) as error:
                raise Fault(f"failed in its hook {kind.hook}: {describe(error)}") from error
            found.setdefault(kind.hook, []).extend(kind.named(returned))
    return found


def _hook_functions(plugin: object, name: str) -> dict[str, list[Callable[[], Any]]]:
    if inspect.isclass(plugin):
        raise Fault("is a class: its entry point has to name a module or an instance")
    # One manager per plugin: pluggy keeps half of a plugin whose registration failed.
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    _check_arguments(manager, plugin)
    try:
        manager.register(plugin, name)
    except pluggy.PluginValidationError as error:
        raise Fault(f"implements a hook wrongly: {_one_line(error)}") from error
    callers = manager.get_hookcallers(plugin) or []
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        unknown = next(caller.name for caller in callers if not caller.has_spec())
        close = get_close_matches(unknown, [kind.hook for kind in KINDS], 1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise Fault(f"implements the hook {unknown}, which does not exist{hint}") from error
    if not callers:
        raise Fault("implements no hook: is @hookimpl missing from its functions?")
    return {
        caller.name: [implementation.function for implementation in caller.get_hookimpls()]
        for caller in callers
    }


def _check_arguments(manager: pluggy.PluginManager, plugin: object) -> None:
    for attribute in dir(plugin):
        if manager.parse_hookimpl_opts(plugin, attribute) is None:
            continue
        parameters = inspect.signature(getattr(plugin, attribute)).parameters
        wanted = [name for name, it in parameters.items() if it.default is inspect.Parameter.empty]
        if wanted:
            names = ", ".join(wanted)
            raise Fault(f"implements {attribute} with the arguments ({names}), but hooks get none")


def describe(error: BaseException) -> str:
    """An error's type and message on one line, and where in the plugin it was raised."""
    text = f"{type(error).__name__}: {_one_line(error)}".removesuffix(": ")
    frames = traceback.extract_tb(error.__traceback__)
    # Frames of the import system say nothing about the plugin; the first one is our own call.
    own = [frame for frame in frames if "importlib" not in frame.filename][1:]
    return f"{text} ({own[-1].filename}:{own[-1].lineno})" if own else text


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())
