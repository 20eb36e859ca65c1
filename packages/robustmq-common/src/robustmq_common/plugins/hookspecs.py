"""[A] The hooks a plugin may implement: they register, and never run per message.

A plugin is a module (or object) behind an entry point of the group "robustmq"; the entry point's
name is the plugin's name. It marks its functions with `robustmq_common.plugins.hookimpl`, and
implements the hooks it has something for. Every hook is called once, without arguments, when a
process starts. The reference page of the hooks is made of the docstrings below.
"""

from typing import Any

import pluggy

from robustmq_common.spi.access import Authenticator, Authorizer, EnhancedAuthenticator
from robustmq_common.spi.events import EventListener
from robustmq_common.spi.pack import ProtocolPack
from robustmq_common.spi.storage import StorageAdapter

PROJECT = "robustmq"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def robustmq_protocol_packs() -> list[type[ProtocolPack]]:  # type: ignore[empty-body]
    """Protocols that a listener can speak.

    The class attribute `name` is what the `protocol` key of a `[listeners.NAME]` table says. A
    class is instantiated once, without arguments, and only if an enabled listener speaks it.
    """


@hookspec
def robustmq_storage_adapters() -> list[type[StorageAdapter]]:  # type: ignore[empty-body]
    """Backends that can keep shards.

    The class attribute `name` is what the `storage.adapter` key says. The chosen class is
    instantiated once, with `(settings: dict, data_dir: Path)`, where `settings` is the table
    `[storage.settings]`; it is opened before any pack starts.

    Writes of one turn of the event loop arrive as one `commit`, and the next one only after it is
    done. The first step of `commit` runs outside of any task: until it first waits for something,
    it must not use what needs the current task, such as `asyncio.timeout`.
    """


@hookspec
def robustmq_config_sections() -> dict[str, type[Any]]:  # type: ignore[empty-body]
    """Tables of the configuration file that belong to the plugin.

    Maps a table's name to a subclass of `robustmq_common.config.model.Section` that has a default
    for every key, or to `dict[str, subclass]` for tables that people name. `services.section` of
    the table's name returns what was configured.
    """


@hookspec
def robustmq_default_listeners() -> dict[str, dict[str, Any]]:  # type: ignore[empty-body]
    """Listeners that are there without configuration.

    Maps a listener's name to the keys of its `[listeners.NAME]` table, whose values the operator's
    configuration overrides.
    """


@hookspec
def robustmq_authenticators() -> list[type[Authenticator]]:  # type: ignore[empty-body]
    """Links for the authentication chain.

    `access.authenticators` chooses them by their class attribute `name`, and orders them; each is
    instantiated once, without arguments, and if it has a method `start`, plain or async, that is
    called with the `BrokerServices`, and waited for, before any client connects; what it raises as
    a `RobustMQError` refuses the start. A plain method `reload` is called on SIGHUP, a coroutine
    method `stop` is awaited after the last client has gone. One that is not listed there is never
    asked.
    """


@hookspec
def robustmq_enhanced_authenticators() -> list[type[EnhancedAuthenticator]]:  # type: ignore[empty-body]
    """Authentication Methods of MQTT 5 (section 4.12).

    The class attribute `method` is what a client says in its Authentication Method property. Each
    is instantiated once, without arguments, started and stopped like an authenticator, and begins
    an exchange for every client that asks. With a class attribute `authenticator`, a method is only
    there on listeners whose authentication chain has the link of that name; without one, on all.
    """


@hookspec
def robustmq_authorizers() -> list[type[Authorizer]]:  # type: ignore[empty-body]
    """Links for the authorization chain.

    `access.authorizers` chooses them by their class attribute `name`, and orders them; each is
    instantiated once, without arguments, and if it has a method `start`, plain or async, that is
    called with the `BrokerServices`, and waited for, before any client connects; what it raises as
    a `RobustMQError` refuses the start. A plain method `reload` is called on SIGHUP, a coroutine
    method `stop` is awaited after the last client has gone. One that is not listed there is never
    asked.
    """


@hookspec
def robustmq_event_listeners() -> list[EventListener]:  # type: ignore[empty-body]
    """Objects that want to be told of client and session events.

    Instances, not classes: each derives from `EventListener` and overrides what it cares about.
    """
