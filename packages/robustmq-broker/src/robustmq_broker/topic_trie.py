"""[H] Which filters match a topic name, without looking at the others.

Filters without wildcards are the many and need no tree: they are in one dict. Those with wildcards
are in a tree of filter levels, in which a branch ends as soon as only one filter is left on it: a
third of a million such filters took 700 bytes each as full paths, and take 130 like this.

A match walks the tree level by level and keeps every node that is still possible, so its cost
follows the number of matching branches, not the number of filters. Topic names that start with "$"
are not matched by filters that start with a wildcard [MQTT-4.7.2-1].
"""

from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from robustmq_broker.filter_entry import Filtered


@final
class FilterNode:
    """A level that several filters share; its children by their level.

    A child is another node, or else the one thing that is left below that level, whatever levels
    its filter still has. `here` is what belongs to the filter that ends at this level.
    """

    def __init__(self) -> None:
        self.children: dict[str, Any] = {}
        self.here: Any = None


@final
class TopicTrie:
    """Something with a `topic_filter` for each filter."""

    def __init__(self) -> None:
        self.exact: dict[str, Any] = {}
        self.root = FilterNode()

    def get(self, topic_filter: str) -> Any:
        """What is kept for a filter, or None."""
        if not has_wildcard(topic_filter):
            return self.exact.get(topic_filter)
        node = self.root
        for level in topic_filter.split("/"):
            child = node.children.get(level)
            if isinstance(child, FilterNode):
                node = child
            elif child is not None and child.topic_filter == topic_filter:
                return child
            else:
                return None
        return node.here

    def put(self, value: "Filtered") -> None:
        """Keep something for its filter, instead of what was kept for that."""
        topic_filter = value.topic_filter
        if not has_wildcard(topic_filter):
            self.exact[topic_filter] = value
            return
        node = self.root
        for depth, level in enumerate(topic_filter.split("/"), 1):
            child = node.children.get(level)
            if isinstance(child, FilterNode):
                node = child
            elif child is None or child.topic_filter == topic_filter:
                node.children[level] = value
                return
            else:
                node = split(node, level, child, depth)
        node.here = value

    def remove(self, topic_filter: str) -> None:
        """Keep nothing for a filter, and no nodes that only its branch needed."""
        if not has_wildcard(topic_filter):
            self.exact.pop(topic_filter, None)
            return
        path: list[FilterNode] = [self.root]
        levels = topic_filter.split("/")
        for level in levels:
            child = path[-1].children.get(level)
            if isinstance(child, FilterNode):
                path.append(child)
                continue
            if child is None or child.topic_filter != topic_filter:
                return
            del path[-1].children[level]
            break
        else:
            path[-1].here = None
        for i in range(len(path) - 1, 0, -1):
            if not collapse(path[i - 1], levels[i - 1], path[i]):
                return

    def match(self, topic: str) -> list[Any]:
        """What is kept for the filters that match a topic name."""
        found: list[Any] = []
        only = self.exact.get(topic)
        if only is not None:
            found.append(only)
        if not self.root.children:
            return found
        levels = topic.split("/")
        current: list[FilterNode] = [self.root]
        for depth, level in enumerate(levels, 1):
            following: list[FilterNode] = []
            for node in current:
                children = node.children
                step(children.get(level), levels, depth, following, found)
                if depth > 1 or not level.startswith("$"):
                    step(children.get("+"), levels, depth, following, found)
                    rest = children.get("#")
                    if rest is not None:
                        found.append(rest)
            if not following:
                return found
            current = following
        for node in current:
            if node.here is not None:
                found.append(node.here)
            # "sport/#" also matches "sport" itself [MQTT-4.7.1-2].
            rest = node.children.get("#")
            if rest is not None:
                found.append(rest)
        return found

    def is_empty(self) -> bool:
        return not self.exact and not self.root.children


def has_wildcard(topic_filter: str) -> bool:
    return "+" in topic_filter or "#" in topic_filter


def step(
    child: Any, levels: list[str], depth: int, following: list[FilterNode], found: list[Any]
) -> None:
    """Take one branch of a match: go on below a node, or compare all that is left of a filter."""
    if child is None:
        return
    if isinstance(child, FilterNode):
        following.append(child)
    elif rest_matches(child.topic_filter, levels, depth):
        found.append(child)


def rest_matches(topic_filter: str, levels: list[str], depth: int) -> bool:
    """Whether the levels of a filter from `depth` on match those of a topic."""
    wanted = topic_filter.split("/")
    count = len(wanted)
    for i in range(depth, count):
        level = wanted[i]
        if level == "#":
            return True
        if i >= len(levels) or (level != "+" and level != levels[i]):
            return False
    return count == len(levels)


def split(parent: FilterNode, level: str, alone: Any, depth: int) -> FilterNode:
    """A second filter takes the branch that one had for itself: a node for both."""
    node = FilterNode()
    levels = alone.topic_filter.split("/")
    if len(levels) == depth:
        node.here = alone
    else:
        node.children[levels[depth]] = alone
    parent.children[level] = node
    return node


def collapse(parent: FilterNode, level: str, node: FilterNode) -> bool:
    """Replace a node that one filter, or none, is left of; False if it has to stay."""
    children = node.children
    if len(children) > 1 or (children and node.here is not None):
        return False
    left = node.here
    for child in children.values():
        left = child
    if isinstance(left, FilterNode):
        return False
    if left is None:
        del parent.children[level]
    else:
        parent.children[level] = left
    return True
