"""[H] Retained messages, in a tree of topic levels: a subscription walks only what it can match."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

if TYPE_CHECKING:
    from robustmq_mqtt.codec.publish import Publish

SYS_PREFIX: Final = "$SYS/"
NEWEST: Final = 1 << 62
"""A serial number that no message has yet."""


@final
class RetainedNode:
    """One topic level; `message` is what its topic retains, set as number `serial`."""

    def __init__(self) -> None:
        self.children: dict[str, RetainedNode] | None = None
        self.message: Publish | None = None
        self.serial = 0


@final
class RetainedTree:
    """One message per topic.

    `count` leaves out the broker's own, which no client can limit; `serial` counts what was ever
    set.
    """

    def __init__(self) -> None:
        self.root = RetainedNode()
        self.count = 0
        self.serial = 0

    def get(self, topic: str) -> Publish | None:
        node: RetainedNode | None = self.root
        for level in topic.split("/"):
            if node is None or node.children is None:
                return None
            node = node.children.get(level)
        return None if node is None else node.message

    def set(self, topic: str, message: Publish) -> None:
        """Keep a message, replacing what the topic had [MQTT-3.3.1-5]."""
        node = self.root
        for level in topic.split("/"):
            children = node.children
            if children is None:
                children = {}
                node.children = children
            child = children.get(level)
            if child is None:
                child = RetainedNode()
                children[level] = child
            node = child
        if node.message is None and not topic.startswith(SYS_PREFIX):
            self.count += 1
        node.message = message
        self.serial += 1
        node.serial = self.serial

    def remove(self, topic: str) -> bool:
        """Forget a topic's message; False if it had none."""
        path: list[RetainedNode] = [self.root]
        levels = topic.split("/")
        for level in levels:
            children = path[-1].children
            if children is None:
                return False
            child = children.get(level)
            if child is None:
                return False
            path.append(child)
        if path[-1].message is None:
            return False
        path[-1].message = None
        if not topic.startswith(SYS_PREFIX):
            self.count -= 1
        for i in range(len(levels), 0, -1):
            if path[i].message is not None or path[i].children is not None:
                break
            siblings = path[i - 1].children
            if siblings is not None:
                del siblings[levels[i - 1]]
                if not siblings:
                    path[i - 1].children = None
        return True

    def match(self, topic_filter: str, until: int = NEWEST) -> list[Publish]:
        """The retained messages that match a filter and were set when `serial` was <= `until`."""
        found: list[Publish] = []
        current: list[RetainedNode] = [self.root]
        levels = topic_filter.split("/")
        depth = 0
        for level in levels:
            following: list[RetainedNode] = []
            for node in current:
                if level == "#":
                    self.collect(node, found, depth, until)
                    continue
                children = node.children
                if children is None:
                    continue
                if level == "+":
                    for name, child in children.items():
                        # "$" topics hide from leading wildcards [MQTT-4.7.2-1].
                        if depth or not name.startswith("$"):
                            following.append(child)
                else:
                    only = children.get(level)
                    if only is not None:
                        following.append(only)
            current = following
            depth += 1
        for node in current:
            message = node.message
            if message is not None and node.serial <= until:
                found.append(message)
        return found

    def collect(self, top: RetainedNode, found: list[Publish], depth: int, until: int) -> None:
        """Everything at and below a node; iterative, since topics may be deep."""
        pending: list[RetainedNode] = [top]
        at_root = depth == 0
        while pending:
            node = pending.pop()
            message = node.message
            if message is not None and node.serial <= until:
                found.append(message)
            children = node.children
            if children is not None:
                for name, child in children.items():
                    if at_root and name.startswith("$"):
                        continue
                    pending.append(child)
            at_root = False

    def all_messages(self) -> list[Publish]:
        """Every retained message, "$" topics too."""
        found: list[Publish] = []
        self.collect(self.root, found, 1, NEWEST)
        return found
