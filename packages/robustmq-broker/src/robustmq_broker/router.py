"""[H] Routing: from a topic to its subscribers, remembered until a subscription changes."""

from typing import TYPE_CHECKING, Any, Final, final

from robustmq_broker.shared_group import SharedGroup
from robustmq_broker.topic_trie import FilterNode, TopicTrie

if TYPE_CHECKING:
    from robustmq_common.message import Message
    from robustmq_common.spi.services import Subscriber, Subscription

ROUTE_CACHE_MAX: Final = 65_536
"""Routes remembered; the cache is emptied when it is full, so a peer cannot grow it further."""
CACHED_TOPIC_BYTES_MAX: Final = 1_024
"""Longer topics are matched anew each time, so that the cache is bounded in bytes, too."""


@final
class TopicRoute:
    """Everyone who gets what is published to one topic."""

    def __init__(
        self, topic: str, targets: "list[Subscription]", groups: list[SharedGroup]
    ) -> None:
        self.topic = topic
        self.targets = targets
        self.groups = groups

    def is_empty(self) -> bool:
        """Whether nobody has subscribed."""
        return not self.targets and not self.groups

    def stores(self) -> bool:
        """Whether a subscriber may write a message of this topic to storage."""
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
    """The subscription tree and the cache of its match results."""

    def __init__(self) -> None:
        self.trie = TopicTrie()
        self.cache: dict[bytes, Any] = {}
        self.subscription_count = 0
        self.shared_subscription_count = 0

    def route_cache(self) -> dict[bytes, Any]:
        return self.cache

    def route(self, topic: str) -> TopicRoute:
        key = topic.encode()
        cached: TopicRoute | None = self.cache.get(key)
        if cached is not None:
            return cached
        route = self.build(topic)
        if len(key) > CACHED_TOPIC_BYTES_MAX:
            return route
        if len(self.cache) >= ROUTE_CACHE_MAX:
            self.cache.clear()
        self.cache[key] = route
        return route

    def build(self, topic: str) -> TopicRoute:
        """Match a topic and settle who gets one copy for several matching filters."""
        by_subscriber: dict[int, list[Subscription]] = {}
        groups: list[SharedGroup] = []
        for node in self.trie.match(topic):
            subscriptions = node.subscriptions
            if subscriptions is not None:
                for key, subscription in subscriptions.items():
                    same = by_subscriber.get(key)
                    if same is None:
                        by_subscriber[key] = [subscription]
                    else:
                        same.append(subscription)
            node_groups = node.groups
            if node_groups is not None:
                groups.extend(node_groups.values())
        targets: list[Subscription] = []
        for several in by_subscriber.values():
            if len(several) == 1:
                targets.append(several[0])
            else:
                targets.append(several[0].merged(several[1:]))
        return TopicRoute(topic, targets, groups)

    def subscribe(self, topic_filter: str, subscription: "Subscription", group: str = "") -> None:
        node = self.trie.node(topic_filter)
        if group:
            self.join(node, subscription, group)
        else:
            subscriptions = node.subscriptions
            if subscriptions is None:
                subscriptions = {}
                node.subscriptions = subscriptions
            key = id(subscription.subscriber)
            if key not in subscriptions:
                self.subscription_count += 1
            subscriptions[key] = subscription
        self.forget(topic_filter)

    def join(self, node: FilterNode, subscription: "Subscription", group: str) -> None:
        groups = node.groups
        if groups is None:
            groups = {}
            node.groups = groups
        shared = groups.get(group)
        if shared is None:
            shared = SharedGroup()
            groups[group] = shared
        before = len(shared.members)
        shared.add(subscription)
        self.shared_subscription_count += len(shared.members) - before

    def unsubscribe(self, topic_filter: str, subscriber: "Subscriber", group: str = "") -> bool:
        node = self.trie.find(topic_filter)
        if node is None:
            return False
        removed = False
        if group:
            removed = self.leave(node, subscriber, group)
        else:
            subscriptions = node.subscriptions
            key = id(subscriber)
            if subscriptions is not None and key in subscriptions:
                del subscriptions[key]
                if not subscriptions:
                    node.subscriptions = None
                self.subscription_count -= 1
                removed = True
        if removed:
            if node.is_empty():
                self.trie.prune(topic_filter)
            self.forget(topic_filter)
        return removed

    def leave(self, node: FilterNode, subscriber: "Subscriber", group: str) -> bool:
        groups = node.groups
        if groups is None:
            return False
        shared = groups.get(group)
        if shared is None or not shared.remove(subscriber):
            return False
        self.shared_subscription_count -= 1
        if not shared.members:
            del groups[group]
            if not groups:
                node.groups = None
        return True

    def redispatch(
        self, topic_filter: str, group: str, message: "Message", connected_only: bool = False
    ) -> bool:
        """Give a message that a leaving member did not acknowledge to another member."""
        node = self.trie.find(topic_filter)
        if node is None:
            return False
        groups = node.groups
        if groups is None:
            return False
        shared = groups.get(group)
        if shared is None:
            return False
        return shared.deliver_connected(message) or (
            not connected_only and shared.deliver_offline(message)
        )

    def forget(self, topic_filter: str) -> None:
        """Drop the cached routes that a change of this filter may have made wrong."""
        if "+" in topic_filter or "#" in topic_filter:
            self.cache.clear()
        else:
            self.cache.pop(topic_filter.encode(), None)
