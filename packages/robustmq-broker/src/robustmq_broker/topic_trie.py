"""[H] The subscription tree: which filters match a topic name, without looking at the others.

One node per filter level. A match walks the tree level by level and keeps every node that is still
possible, so its cost follows the number of matching branches, not the number of subscriptions.
Topic names that start with "$" are not matched by filters that start with a wildcard
[MQTT-4.7.2-1].
"""

from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from robustmq_broker.shared_group import SharedGroup
    from robustmq_common.spi.services import Subscription


@final
class FilterNode:
    """One level of a filter; `subscriptions` and `groups` are those whose filter ends here."""

    def __init__(self) -> None:
        self.children: dict[str, FilterNode] | None = None
        self.subscriptions: dict[int, Subscription] | None = None
        self.groups: dict[str, SharedGroup] | None = None

    def is_empty(self) -> bool:
        return self.children is None and self.subscriptions is None and self.groups is None


@final
class TopicTrie:
    """All filters with their subscriptions."""

    def __init__(self) -> None:
        self.root = FilterNode()

    def node(self, topic_filter: str) -> FilterNode:
        """The node of a filter, made if need be."""
        node = self.root
        for level in topic_filter.split("/"):
            children = node.children
            if children is None:
                children = {}
                node.children = children
            child = children.get(level)
            if child is None:
                child = FilterNode()
                children[level] = child
            node = child
        return node

    def find(self, topic_filter: str) -> FilterNode | None:
        """The node of a filter, or None if nobody subscribed to it."""
        node = self.root
        for level in topic_filter.split("/"):
            children = node.children
            if children is None:
                return None
            child = children.get(level)
            if child is None:
                return None
            node = child
        return node

    def prune(self, topic_filter: str) -> None:
        """Remove the nodes of a filter that nothing uses any more."""
        path: list[FilterNode] = [self.root]
        levels = topic_filter.split("/")
        for level in levels:
            children = path[-1].children
            if children is None:
                return
            child = children.get(level)
            if child is None:
                return
            path.append(child)
        for i in range(len(levels), 0, -1):
            if not path[i].is_empty():
                return
            parent = path[i - 1]
            siblings = parent.children
            if siblings is not None:
                del siblings[levels[i - 1]]
                if not siblings:
                    parent.children = None

    def match(self, topic: str) -> list[FilterNode]:
        """The nodes of all filters that match a topic name."""
        found: list[FilterNode] = []
        current: list[FilterNode] = [self.root]
        wildcards_match = not topic.startswith("$")
        for level in topic.split("/"):
            following: list[FilterNode] = []
            for node in current:
                children = node.children
                if children is None:
                    continue
                child = children.get(level)
                if child is not None:
                    following.append(child)
                if wildcards_match:
                    child = children.get("+")
                    if child is not None:
                        following.append(child)
                    child = children.get("#")
                    if child is not None:
                        found.append(child)
            wildcards_match = True
            current = following
        for node in current:
            found.append(node)
            children = node.children
            if children is not None:
                # "sport/#" also matches "sport" itself [MQTT-4.7.1-2].
                child = children.get("#")
                if child is not None:
                    found.append(child)
        return found
