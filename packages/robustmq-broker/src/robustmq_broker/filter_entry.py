"""[H] Everyone who has subscribed to one filter, if that is not just one."""

from typing import TYPE_CHECKING, Any, Protocol, final

from mypy_extensions import mypyc_attr

from robustmq_broker.shared_group import SharedGroup

if TYPE_CHECKING:
    from robustmq_common.spi.services import Subscriber, Subscription


class Filtered(Protocol):
    """What belongs to a filter: a subscription that has it for itself, or a FilterEntry."""

    @property
    def topic_filter(self) -> str: ...


@final
@mypyc_attr(acyclic=True)
class FilterEntry:
    """The subscriptions of one filter by their subscriber, and its shared groups by their name."""

    def __init__(self, topic_filter: str) -> None:
        self.topic_filter = topic_filter
        self.subscriptions: dict[Subscriber, Subscription] = {}
        self.groups: dict[str, SharedGroup] | None = None

    def join(self, subscription: "Subscription", group: str) -> bool:
        """Add a member to a shared group, or replace its subscription; whether it is new there."""
        groups = self.groups
        if groups is None:
            groups = {}
            self.groups = groups
        shared = groups.get(group)
        if shared is None:
            shared = SharedGroup()
            groups[group] = shared
        before = len(shared.members)
        shared.add(subscription)
        return len(shared.members) > before

    def leave(self, subscriber: "Subscriber", group: str) -> bool:
        """Take a member out of a shared group; False if it was not in it."""
        shared = self.group(group)
        if shared is None or not shared.remove(subscriber):
            return False
        if not shared.members:
            groups = self.groups
            assert groups is not None
            del groups[group]
            if not groups:
                self.groups = None
        return True

    def group(self, name: str) -> SharedGroup | None:
        groups = self.groups
        return None if groups is None else groups.get(name)

    def only(self) -> Any:
        """The subscription that could as well stand for itself, or None."""
        if self.groups is None and len(self.subscriptions) == 1:
            for subscription in self.subscriptions.values():
                return subscription
        return None

    def is_empty(self) -> bool:
        return self.groups is None and not self.subscriptions
