"""[H] Routing: from a topic to its subscribers, remembered until a subscription changes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, final

from mypy_extensions import mypyc_attr

from robustmq_broker.filter_entry import FilterEntry
from robustmq_broker.shared_group import SharedGroup
from robustmq_broker.topic_trie import TopicTrie, has_wildcard

if TYPE_CHECKING:
    from robustmq_common.message import Message
    from robustmq_common.spi.services import Subscriber, Subscription
    from robustmq_common.spi.topics import TopicPolicy

ROUTE_CACHE_MAX: Final = 65_536
"""Routes remembered; a full cache takes no more, so a peer cannot grow it further."""
MISSES_MAX: Final = 8 * ROUTE_CACHE_MAX
"""Topics looked for in vain in a full cache until it is emptied: the traffic has changed.

With more topics in use than it can hold, emptying it each time it is full cost more than it saved:
0.3 us of the 1.5 us of a match.
"""
CACHED_TOPIC_BYTES_MAX: Final = 1_024
"""Longer topics are matched anew each time, so that the cache is bounded in bytes, too."""

NO_GROUPS: Final[list[SharedGroup]] = []
NO_TARGETS: "Final[list[Subscription]]" = []
"""Shared by the routes that have none."""
FREED_PER_MISS: Final = 16
"""Forgotten routes freed when a new one is made. Freeing 65,536 at once took 8 to 15 ms."""


@final
@mypyc_attr(acyclic=True)
class TopicRoute:
    """Everyone who gets what is published to one topic."""

    def __init__(
        self, topic: str, targets: "list[Subscription]", groups: list[SharedGroup]
    ) -> None:
        self.topic = topic
        self.targets = targets
        self.groups = groups
        self.policy: TopicPolicy | None = None

    def is_empty(self) -> bool:
        """Whether nobody has subscribed."""
        return not self.targets and not self.groups

    def stores(self) -> bool:
        """Whether a message of this topic may be written to storage: for a subscriber or a log."""
        if self.policy is not None and self.policy.logged:
            return True
        return any(target.stores() for target in self.targets) or any(
            group.stores() for group in self.groups
        )

    def deliver(self, message: "Message") -> int:
        """Hand the message to every matching subscriber; returns how many took it."""
        count = 0
        for target in self.targets:
            if target.deliver(message):
                count += 1
        for group in self.groups:
            if group.deliver(message):
                count += 1
        return count


@final
class TopicRouter:
    """The subscription tree and the cache of its match results.

    policy_of: what the rules for topics say of one; None without any rules.
    """

    def __init__(self, policy_of: "Callable[[str], TopicPolicy | None] | None" = None) -> None:
        self.policy_of = policy_of
        self.trie = TopicTrie()
        self.cache: dict[bytes, Any] = {}
        self.misses = 0
        self.forgotten: list[TopicRoute] = []
        self.subscription_count = 0
        self.shared_subscription_count = 0

    def route_cache(self) -> dict[bytes, Any]:
        return self.cache

    def route(self, topic: str) -> TopicRoute:
        key = topic.encode()
        cached: TopicRoute | None = self.cache.get(key)
        return self.new_route(topic, key) if cached is None else cached

    def new_route(self, topic: str, key: bytes) -> TopicRoute:
        forgotten = self.forgotten
        if forgotten:
            del forgotten[-FREED_PER_MISS:]
        route = self.build(topic)
        if self.policy_of is not None:
            route.policy = self.policy_of(topic)
        if len(key) > CACHED_TOPIC_BYTES_MAX:
            return route
        if len(self.cache) >= ROUTE_CACHE_MAX:
            self.misses += 1
            if self.misses < MISSES_MAX:
                return route
            self.forget_all()
            self.misses = 0
        self.cache[key] = route
        return route

    def build(self, topic: str) -> TopicRoute:
        """Match a topic and settle who gets one copy for several matching filters."""
        found = self.trie.match(topic)
        if not found:
            return TopicRoute(topic, NO_TARGETS, NO_GROUPS)
        if len(found) == 1:
            only = found[0]
            if not isinstance(only, FilterEntry):
                return TopicRoute(topic, found, NO_GROUPS)
            alone = NO_GROUPS if only.groups is None else list(only.groups.values())
            return TopicRoute(topic, list(only.subscriptions.values()), alone)
        groups: list[SharedGroup] = []
        by_subscriber: dict[Subscriber, Subscription] = {}
        for matching in found:
            if isinstance(matching, FilterEntry):
                for subscription in matching.subscriptions.values():
                    add_target(by_subscriber, subscription)
                if matching.groups is not None:
                    groups.extend(matching.groups.values())
            else:
                add_target(by_subscriber, matching)
        return TopicRoute(topic, list(by_subscriber.values()), groups)

    def subscribe(self, topic_filter: str, subscription: "Subscription", group: str = "") -> None:
        found = self.trie.get(topic_filter)
        if found is None and not group:
            self.subscription_count += 1
            self.trie.put(subscription)
        elif (
            found is not None
            and not isinstance(found, FilterEntry)
            and not group
            and (found.subscriber is subscription.subscriber)
        ):
            self.trie.put(subscription)
        else:
            self.add(self.entry(topic_filter, found), subscription, group)
        self.forget(topic_filter)

    def entry(self, topic_filter: str, found: Any) -> FilterEntry:
        """The entry of a filter, made if what was found for it is not one."""
        if isinstance(found, FilterEntry):
            return found
        entry = FilterEntry(topic_filter)
        if found is not None:
            entry.subscriptions[found.subscriber] = found
        self.trie.put(entry)
        return entry

    def add(self, entry: FilterEntry, subscription: "Subscription", group: str) -> None:
        if group:
            if entry.join(subscription, group):
                self.shared_subscription_count += 1
            return
        subscriber = subscription.subscriber
        if subscriber not in entry.subscriptions:
            self.subscription_count += 1
        entry.subscriptions[subscriber] = subscription

    def unsubscribe(self, topic_filter: str, subscriber: "Subscriber", group: str = "") -> bool:
        found = self.trie.get(topic_filter)
        if found is None:
            return False
        if not isinstance(found, FilterEntry):
            if group or found.subscriber is not subscriber:
                return False
            self.subscription_count -= 1
            self.trie.remove(topic_filter)
        elif group:
            if not found.leave(subscriber, group):
                return False
            self.shared_subscription_count -= 1
            self.shrink(found)
        else:
            if found.subscriptions.pop(subscriber, None) is None:
                return False
            self.subscription_count -= 1
            self.shrink(found)
        self.forget(topic_filter)
        return True

    def shrink(self, entry: FilterEntry) -> None:
        """Give up an entry that one subscription at most is left of."""
        only = entry.only()
        if only is not None:
            self.trie.put(only)
        elif entry.is_empty():
            self.trie.remove(entry.topic_filter)

    def subscription(
        self, topic_filter: str, subscriber: "Subscriber", group: str = ""
    ) -> "Subscription | None":
        found = self.trie.get(topic_filter)
        if isinstance(found, FilterEntry):
            if not group:
                return found.subscriptions.get(subscriber)
            shared = found.group(group)
            return None if shared is None else shared.of(subscriber)
        if found is None or group or found.subscriber is not subscriber:
            return None
        alone: Subscription = found
        return alone

    def redispatch(
        self, topic_filter: str, group: str, message: "Message", connected_only: bool = False
    ) -> bool:
        """Give a message that a leaving member did not acknowledge to another member."""
        found = self.trie.get(topic_filter)
        shared = found.group(group) if isinstance(found, FilterEntry) else None
        if shared is None:
            return False
        return shared.deliver_connected(message) or (
            not connected_only and shared.deliver_offline(message)
        )

    def forget(self, topic_filter: str) -> None:
        """Drop the cached routes that a change of this filter may have made wrong."""
        if has_wildcard(topic_filter):
            self.forget_all()
        else:
            self.cache.pop(topic_filter.encode(), None)

    def forget_all(self) -> None:
        """Empty the cache; what it held is freed little by little."""
        if self.cache:
            self.forgotten.extend(self.cache.values())
            self.cache.clear()


def add_target(by_subscriber: "dict[Subscriber, Subscription]", matching: "Subscription") -> None:
    """One copy for each subscriber, however many of its filters match."""
    subscriber = matching.subscriber
    same = by_subscriber.get(subscriber)
    by_subscriber[subscriber] = matching if same is None else same.merged([matching])
