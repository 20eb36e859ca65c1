"""[A] The chains of every listener, made of the plugins that the configuration names."""

from collections.abc import Callable, Iterable
from typing import Any

from robustmq_broker.access.control import AccessControl, Chains
from robustmq_broker.config import (
    AccessConfig,
    HasSections,
    ListenerConfig,
    anonymous_allowed,
    authenticators_of,
    authorizers_of,
    unmatched_allowed,
)
from robustmq_common.plugins.registry import Registry
from robustmq_common.spi.access import Authenticator, Authorizer
from robustmq_common.spi.services import Log


class Links:
    """Every link that some chain names, made once."""

    def __init__(self, registry: Registry) -> None:
        self._kinds: tuple[dict[str, Any], dict[str, Any]] = (
            registry.authenticators(),
            registry.authorizers(),
        )
        self.authenticators: dict[str, Authenticator] = {}
        self.authorizers: dict[str, Authorizer] = {}

    def chains(
        self, settings: HasSections, listener: ListenerConfig | None, anonymous: bool
    ) -> Chains:
        """What a listener's configuration says, or that of the broker for None."""
        access: AccessConfig = settings.section("access")
        authenticators, authorizers = self._kinds
        return Chains(
            _made(authenticators_of(access, listener), authenticators, self.authenticators),
            _made(authorizers_of(access, listener), authorizers, self.authorizers),
            anonymous,
            unmatched_allowed(access, listener),
            "" if listener is None else listener.mountpoint,
        )

    def all(self) -> list[Any]:
        """The links, to be started."""
        return [*self.authenticators.values(), *self.authorizers.values()]


def access_control(settings: HasSections, links: Links, log: Log) -> AccessControl:
    """The access control of a broker."""
    listeners: dict[str, ListenerConfig] = settings.section("listeners")
    return AccessControl(
        links.chains(settings, None, anonymous_allowed(settings)),
        {
            name: links.chains(settings, one, anonymous_allowed(settings, one))
            for name, one in listeners.items()
            if one.enabled
        },
        log,
        settings.section("access").sys_topics == "everyone",
    )


def _made(names: Iterable[str], kinds: dict[str, Callable[[], Any]], made: dict[str, Any]) -> Any:
    for name in names:
        if name not in made:
            made[name] = kinds[name]()
    return tuple(made[name] for name in names)
