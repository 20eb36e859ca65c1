"""[A] What each hook registers, and what an item of it has to be.

Whatever is wrong is a `Fault`: the clause that goes on after the plugin's name.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, get_args, get_origin

from robustmq_common.config.model import Section
from robustmq_common.config.schema import NAME, NAME_RULE
from robustmq_common.spi.events import EventListener
from robustmq_common.spi.storage import StorageAdapter


class Fault(Exception):
    """What a plugin did wrong: 'implements the hook robustmq_pack, which does not exist'."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One hook: the noun for an item, and the type that the hook returns.

    attribute: the class attribute that an item's name is in; empty if the hook returns a dict by
    name, or if its items need no name and so cannot clash.
    check: raises `Fault` with a clause such as 'which is not a class' if an item will not do.
    """

    hook: str
    noun: str
    returns: type[list[Any]] | type[dict[str, Any]]
    attribute: str
    check: Callable[[Any], None]

    def named(self, returned: Any) -> list[tuple[str, Any]]:
        """The items that a plugin returned, each with its name ("" where none is needed).

        Raises `Fault` if one of them will not do.
        """
        if not isinstance(returned, self.returns):
            wanted = self.returns.__name__
            raise Fault(f"returned {_shown(returned)} from {self.hook}, which needs a {wanted}")
        if isinstance(returned, dict):
            items = list(returned.items())
        else:
            items = [(getattr(item, self.attribute, ""), item) for item in returned]
        for name, item in items:
            try:
                self.check(item)
                self._check_name(name)
            except Fault as fault:
                subject = repr(name) if self.returns is dict else _shown(item)
                raise Fault(f"returned {subject} from {self.hook}, {fault}") from None
        return items

    def _check_name(self, name: Any) -> None:
        if self.returns is dict:
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise Fault(f"which cannot be its name: {NAME_RULE}")
        elif self.attribute:
            if not isinstance(name, str) or not name:
                raise Fault(f"which has no text in its class attribute {self.attribute!r}")
            if self.attribute == "name" and not NAME.fullmatch(name):
                raise Fault(f"whose name cannot be {name!r}: {NAME_RULE}")


def _class_with(*methods: str) -> Callable[[Any], None]:
    def check(item: Any) -> None:
        if not inspect.isclass(item):
            raise Fault("which is not a class")
        missing = [method for method in methods if not callable(getattr(item, method, None))]
        if missing:
            raise Fault(f"which does not have the method {', '.join(missing)}")

    return check


def _check_adapter(item: Any) -> None:
    if not inspect.isclass(item) or not issubclass(item, StorageAdapter):
        raise Fault("which is not a subclass of robustmq_common.spi.storage.StorageAdapter")
    missing = sorted(item.__abstractmethods__)
    if missing:
        raise Fault(f"which does not have the method {', '.join(missing)}")


def _check_section(item: Any) -> None:
    # Tables that people name, such as `[listeners.NAME]`, are a dict of one model.
    named = get_origin(item) is dict
    model = get_args(item)[1] if named else item
    if not inspect.isclass(model) or not issubclass(model, Section):
        raise Fault("which is not a subclass of robustmq_common.config.model.Section")
    required = [key for key, field in model.model_fields.items() if field.is_required()]
    if required and not named:
        raise Fault(f"which has no default for its key {', '.join(required)}")


def _check_listener(item: Any) -> None:
    if not isinstance(item, dict) or not all(isinstance(key, str) for key in item):
        raise Fault("which is not a dict of the keys of a listener's table")


def _check_event_listener(item: Any) -> None:
    if not isinstance(item, EventListener):
        raise Fault("which is not an instance of robustmq_common.spi.events.EventListener")


def _shown(value: object) -> str:
    if inspect.isclass(value):
        return f"the class {value.__module__}.{value.__qualname__}"
    return "None" if value is None else f"a value of type {type(value).__name__}"


PACKS: Final = Kind(
    "robustmq_protocol_packs",
    "protocol pack",
    list,
    "name",
    _class_with("start", "connection", "stopping", "stop"),
)
ADAPTERS: Final = Kind("robustmq_storage_adapters", "storage adapter", list, "name", _check_adapter)
SECTIONS: Final = Kind(
    "robustmq_config_sections", "configuration section", dict, "", _check_section
)
LISTENERS: Final = Kind("robustmq_default_listeners", "default listener", dict, "", _check_listener)
AUTHENTICATORS: Final = Kind(
    "robustmq_authenticators", "authenticator", list, "name", _class_with("authenticate")
)
ENHANCED: Final = Kind(
    "robustmq_enhanced_authenticators",
    "authentication method",
    list,
    "method",
    _class_with("begin"),
)
AUTHORIZERS: Final = Kind(
    "robustmq_authorizers", "authorizer", list, "name", _class_with("authorize")
)
EVENTS: Final = Kind("robustmq_event_listeners", "event listener", list, "", _check_event_listener)

KINDS: Final = (
    PACKS,
    ADAPTERS,
    SECTIONS,
    LISTENERS,
    AUTHENTICATORS,
    ENHANCED,
    AUTHORIZERS,
    EVENTS,
)
