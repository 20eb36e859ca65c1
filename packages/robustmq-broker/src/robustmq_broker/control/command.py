"""[D] What a command of the control socket is, and what it may use."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from robustmq_broker.access.control import AccessControl
from robustmq_broker.access.rules.rule_store import RuleStore
from robustmq_broker.consumers.groups import StoredGroups
from robustmq_broker.listeners.listener import Listener
from robustmq_broker.services import Services
from robustmq_common.errors import BugError, CallerError, NotRunning
from robustmq_common.spi.services import Router
from robustmq_common.spi.storage import StorageAdapter

Answers = AsyncGenerator[dict[str, Any], None]
"""JSON objects, sent one after the other; "done" and "error" are not among their keys."""

PAGE: Final = 100
"""Things that are put into one answer, at most: it stays small, and others get their turn."""


class Arguments(BaseModel):
    """What a command is given: unknown arguments and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def no_sections(name: str) -> Any:
    """Stand in where no command asks for its configuration. Raises BugError."""
    raise BugError(f"the command needs the section {name!r} of a configuration, and has none")


Given = TypeVar("Given", bound=Arguments)


@dataclass(slots=True, frozen=True)
class Context:
    """What commands act on.

    adapters: the open storage adapters by name, the default one first. data_dir: where those that
    are on this machine's disk have a folder of their name. router, services, listeners: None if no
    broker runs, and a command has the storage for itself. sections: the configuration. kept: what
    commands keep for later ones. changing_rules: held by who changes the stored access rules.
    """

    adapters: Mapping[str, StorageAdapter]
    data_dir: Path
    router: Router | None = None
    services: Services | None = None
    listeners: Mapping[str, Listener] | None = None
    sections: Callable[[str], Any] = no_sections
    kept: dict[type[Any], Any] = field(default_factory=dict)
    changing_rules: asyncio.Lock = field(default_factory=asyncio.Lock)

    def adapter(self, name: str) -> StorageAdapter:
        """An adapter, the default one for "". Raises CallerError if it is not open here."""
        chosen = name or next(iter(self.adapters))
        if chosen not in self.adapters:
            raise CallerError(
                f"there is no storage adapter {name!r} here; the open ones are: "
                f"{', '.join(self.adapters)}"
            )
        return self.adapters[chosen]

    @property
    def groups(self) -> StoredGroups:
        return StoredGroups(next(iter(self.adapters.values())))

    @property
    def rules(self) -> RuleStore:
        """The stored access rules, where the broker looks for them."""
        return RuleStore(next(iter(self.adapters.values())), self.changing_rules)

    def running_access(self) -> AccessControl:
        """The broker's access control. Raises NotRunning without a broker."""
        if self.services is None:
            raise NotRunning("this needs a broker that runs: start one with `robust-server start`")
        return self.services.access

    def running_router(self) -> Router:
        """The broker's router. Raises NotRunning without a broker."""
        if self.router is None:
            raise NotRunning("this needs a broker that runs: start one with `robust-server start`")
        return self.router


@dataclass(slots=True, frozen=True)
class Command(Generic[Given]):
    """A command: the model of its arguments, and what does it."""

    arguments: type[Given]
    run: Callable[[Context, Given], Answers]
