"""[A] Everything that the installed plugins register, checked and frozen when a process starts.

What is wrong with a plugin is told in one sentence that names it, its distribution and what to do.
Either the start is refused with all such sentences, or each faulty plugin is left out entirely.
"""

import logging
from collections.abc import Collection, Sequence
from typing import Any, Final

from robustmq_common.errors import PluginError
from robustmq_common.plugins.contributions import Contributions
from robustmq_common.plugins.discovery import PluginInfo, installed_plugins
from robustmq_common.plugins.kinds import (
    ADAPTERS,
    AUTHENTICATORS,
    AUTHORIZERS,
    ENHANCED,
    EVENTS,
    KINDS,
    LISTENERS,
    PACKS,
    SECTIONS,
)
from robustmq_common.plugins.loader import Loader
from robustmq_common.spi.access import Authenticator, Authorizer, EnhancedAuthenticator
from robustmq_common.spi.events import EventListener
from robustmq_common.spi.pack import ProtocolPack
from robustmq_common.spi.services import Log
from robustmq_common.spi.storage import StorageAdapter

REFUSE: Final = "refuse"
SKIP: Final = "skip"


class Registry:
    """What plugins registered: plain dicts by name, which nothing changes after the start."""

    def __init__(self, loaded: Sequence[tuple[PluginInfo, Contributions]]) -> None:
        self._plugins = [info for info, _ in loaded]
        self._items: dict[str, list[tuple[str, Any]]] = {kind.hook: [] for kind in KINDS}
        for _, contributed in loaded:
            for hook, items in contributed.items():
                self._items[hook].extend(items)

    def plugins(self) -> list[PluginInfo]:
        """The plugins that are in use: (name, distribution, version)."""
        return list(self._plugins)

    def protocol_packs(self) -> dict[str, type[ProtocolPack]]:
        """Pack classes by what a listener's `protocol` key says."""
        return dict(self._items[PACKS.hook])

    def storage_adapters(self) -> dict[str, type[StorageAdapter]]:
        """Adapter classes by what the `storage.adapter` key says."""
        return dict(self._items[ADAPTERS.hook])

    def config_sections(self) -> dict[str, type[Any]]:
        """Pydantic models by the name of their table in the configuration."""
        return dict(self._items[SECTIONS.hook])

    def default_listeners(self) -> dict[str, dict[str, Any]]:
        """Keys of the `[listeners.NAME]` tables that are there without configuration, by NAME."""
        return {name: dict(keys) for name, keys in self._items[LISTENERS.hook]}

    def authenticators(self) -> dict[str, type[Authenticator]]:
        """Links for the authentication chain, by name."""
        return dict(self._items[AUTHENTICATORS.hook])

    def authorizers(self) -> dict[str, type[Authorizer]]:
        """Links for the authorization chain, by name."""
        return dict(self._items[AUTHORIZERS.hook])

    def enhanced_authenticators(self) -> dict[str, type[EnhancedAuthenticator]]:
        """Classes by Authentication Method."""
        return dict(self._items[ENHANCED.hook])

    def event_listeners(self) -> tuple[EventListener, ...]:
        """Everyone who wants to be told of client and session events."""
        return tuple(listener for _, listener in self._items[EVENTS.hook])


def load_plugins(
    disabled: Sequence[str] = (),
    on_error: str = REFUSE,
    log: Log | None = None,
    reserved_sections: Collection[str] = (),
) -> Registry:
    """Import every installed plugin that is not disabled, and freeze what they register.

    disabled: names of plugins that are not even imported.
    on_error: "refuse" raises one PluginError with a sentence per faulty plugin; "skip" leaves each
    of them out entirely, with one warning line. Of several that want the same name the first keeps
    it: RobustMQ's own plugins come first, then the order is that of the plugins' names.
    log: where the warnings go; the standard library's logger "robustmq.plugins" if None.
    reserved_sections: configuration sections that are the process's own.
    """
    loader = Loader(reserved_sections)
    installed = installed_plugins()
    for plugin in installed:
        if plugin.info.name not in disabled:
            loader.load(plugin)
    if loader.faults and on_error != SKIP:
        sentences = "\n".join(sentence for _, sentence in loader.faults)
        raise PluginError(sentences) from loader.cause
    for info, sentence in loader.faults:
        _warn(log, "plugin left out", info.name, sentence)
    unknown = set(disabled) - {plugin.info.name for plugin in installed}
    for name in sorted(unknown):
        _warn(log, "disabled plugin is not installed", name, "check plugins.disabled for a typo")
    return Registry(loader.loaded)


def _warn(log: Log | None, event: str, name: str, reason: str) -> None:
    if log is None:
        logging.getLogger("robustmq.plugins").warning("%s: %s: %s", event, name, reason)
    else:
        log.warning(event, plugin=name, reason=reason)
