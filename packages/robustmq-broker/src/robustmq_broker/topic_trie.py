"""[H] Which filters match a topic name, without looking at the others.

Filters without wildcards are the many and need no tree: they are in one dict. Those with wildcards
are in a tree of filter levels, in which a branch ends as soon as only one filter is left on it. Of
a million filters, a third with wildcards, each takes 40 bytes of this on average; a node for every
level of every filter took 900.

A match follows one path of the tree, and each of the others that a "+" opens, so its cost follows
the number of matching branches, not the number of filters. Topic names that start with "$" are not
matched by filters that start with a wildcard [MQTT-4.7.2-1].
"""

from typing import TYPE_CHECKING, Any, final

from mypy_extensions import mypyc_attr

if TYPE_CHECKING:
    from robustmq_broker.filter_entry import Filtered


@final
@mypyc_attr(acyclic=True)
class FilterNode:
    """A level that several filters share, and what there is below it by level.

    Below is another node, or else the one thing that is left there, whatever levels its filter
    still has. `here` is what belongs to the filter that ends at this level.
    """

    def __init__(self) -> None:
        self.here: Any = None
        self.plus: Any = None
        self.rest: Any = None  # below "#", which is always the last level
        self.children: dict[str, Any] | None = None

    def below(self, level: str) -> Any:
        if level == "+":
            return self.plus
        if level == "#":
            return self.rest
        children = self.children
        return None if children is None else children.get(level)

    def set_below(self, level: str, value: Any) -> None:
        """Put something below a level, or nothing at all if it is None."""
        if level == "+":
            self.plus = value
        elif level == "#":
            self.rest = value
        elif value is not None:
            if self.children is None:
                self.children = {}
            self.children[level] = value
        elif self.children is not None:
            self.children.pop(level, None)
            if not self.children:
                self.children = None

    def all_below(self) -> list[Any]:
        found = [one for one in (self.plus, self.rest) if one is not None]
        if self.children is not None:
            found.extend(self.children.values())
        return found

    def only(self) -> Any:
        """What could take the place of this node: all that is left of it, if that is one thing.

        None if nothing is left, and the node itself if it is needed.
        """
        left = self.here
        if self.children is not None:
            if len(self.children) > 1:
                return self
            for child in self.children.values():
                left = self if left is not None else child
        if self.plus is not None:
            left = self if left is not None else self.plus
        if self.rest is not None:
            left = self if left is not None else self.rest
        return self if isinstance(left, FilterNode) else left


@final
class TopicTrie:
    """Something with a `topic_filter` for each filter."""

    def __init__(self) -> None:
        self.exact: dict[str, Any] = {}
        self.root = FilterNode()

    def is_empty(self) -> bool:
        return not self.exact and not self.root.all_below()

    def get(self, topic_filter: str) -> Any:
        """What is kept for a filter, or None."""
        if not has_wildcard(topic_filter):
            return self.exact.get(topic_filter)
        node = self.root
        for level in topic_filter.split("/"):
            found = node.below(level)
            if isinstance(found, FilterNode):
                node = found
            elif found is not None and found.topic_filter == topic_filter:
                return found
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
            found = node.below(level)
            if isinstance(found, FilterNode):
                node = found
            elif found is None or found.topic_filter == topic_filter:
                node.set_below(level, value)
                return
            else:
                node = split(node, level, found, depth)
        node.here = value

    def remove(self, topic_filter: str) -> None:
        """Keep nothing for a filter, and no nodes that only its branch needed."""
        if not has_wildcard(topic_filter):
            self.exact.pop(topic_filter, None)
            return
        path: list[FilterNode] = [self.root]
        levels = topic_filter.split("/")
        for level in levels:
            found = path[-1].below(level)
            if isinstance(found, FilterNode):
                path.append(found)
                continue
            if found is None or found.topic_filter != topic_filter:
                return
            path[-1].set_below(level, None)
            break
        else:
            path[-1].here = None
        for i in range(len(path) - 1, 0, -1):
            left = path[i].only()
            if left is path[i]:
                return
            path[i - 1].set_below(levels[i - 1], left)

    def match(self, topic: str) -> list[Any]:
        """What is kept for the filters that match a topic name; the list is the caller's."""
        found: list[Any] = []
        exact = self.exact.get(topic)
        if exact is not None:
            found.append(exact)
        levels = topic.split("/")
        count = len(levels)
        node = self.root
        depth = 0
        wildcards = not topic.startswith("$")
        branches: list[FilterNode] | None = None
        depths: list[int] = []
        while True:
            if wildcards and node.rest is not None:
                found.append(node.rest)  # "sport/#" also matches "sport" itself [MQTT-4.7.1-2]
            below: Any = None
            if depth == count:
                if node.here is not None:
                    found.append(node.here)
            else:
                children = node.children
                if children is not None:
                    below = children.get(levels[depth])
                depth += 1
                plus = node.plus
                if plus is not None and wildcards:
                    if not isinstance(plus, FilterNode):
                        if rest_matches(plus.topic_filter, levels, depth):
                            found.append(plus)
                    else:
                        if branches is None:
                            branches = []
                        branches.append(plus)
                        depths.append(depth)
            wildcards = True
            if isinstance(below, FilterNode):
                node = below
                continue
            if below is not None and rest_matches(below.topic_filter, levels, depth):
                found.append(below)
            if not branches:
                return found
            node = branches.pop()
            depth = depths.pop()


def has_wildcard(topic_filter: str) -> bool:
    return "+" in topic_filter or "#" in topic_filter


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
        node.set_below(levels[depth], alone)
    parent.set_below(level, node)
    return node
