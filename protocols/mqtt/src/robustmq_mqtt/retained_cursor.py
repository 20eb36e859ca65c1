"""[H] A walk over the retained messages that match a filter, in steps of bounded work.

The tree may change between the steps. A node that is removed stays readable and empty, a message
that is replaced or removed is marked, and what is set later has a greater serial number: so every
message that was there at the beginning and still is comes exactly once, and no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from robustmq_mqtt.retained import RetainedNode

if TYPE_CHECKING:
    from robustmq_mqtt.retained import Entry, RetainedTree
    from robustmq_mqtt.retained_message import RetainedMessage


@final
class OpenNode:
    """A node whose children are being walked, in parts so that a million of them is no list."""

    def __init__(self, node: RetainedNode, depth: int, hide_dollar: bool) -> None:
        self.node = node
        self.depth = depth
        self.hide_dollar = hide_dollar
        self.parts = node.parts()
        self.part = 1
        self.entries = node.part(0, hide_dollar)
        self.at = 0

    def next_part(self) -> bool:
        """Go on to the next part; False if there is none."""
        if self.part >= self.parts:
            return False
        self.entries = self.node.part(self.part, self.hide_dollar)
        self.part += 1
        self.at = 0
        return True


@final
class RetainedCursor:
    """The messages that match `topic_filter` and were set when `tree.serial` was <= `until`.

    `budget` is the work that `next` may still do, in entries looked at; `done` says that nothing is
    left. Topics may be deep, so the walk keeps its own stack: of what is open, not of what waits.
    """

    def __init__(self, tree: RetainedTree, topic_filter: str, until: int) -> None:
        levels = topic_filter.split("/")
        self.below = levels[-1] == "#"
        if self.below:
            levels.pop()
        self.levels = levels
        self.until = until
        self.budget = 0
        self.done = False
        self.entry: Entry | None = tree.root
        self.depth = 0
        self.open: list[OpenNode] = []

    def next(self) -> RetainedMessage | None:
        """The next message; None if the budget is used up or nothing is left."""
        while self.budget > 0:
            self.budget -= 1
            entry = self.entry
            if entry is None:
                entry = self.next_entry()
                if entry is None:
                    if self.done:
                        return None
                    continue
            else:
                self.entry = None
            # Whether what is at this depth matches in full: "a/#" matches "a", too.
            matches = self.depth >= len(self.levels)
            if isinstance(entry, RetainedNode):
                message = entry.message
                self.descend(entry)
            else:
                message = entry
            if matches and message is not None and message.serial <= self.until:
                return message
        return None

    def next_entry(self) -> Entry | None:
        """The next child of the deepest open node; None, too, if that one was at its end."""
        nodes = self.open
        if not nodes:
            self.done = True
            return None
        top = nodes[-1]
        if top.at < len(top.entries):
            entry = top.entries[top.at]
            top.at += 1
            self.depth = top.depth
            return entry
        if not top.next_part():
            nodes.pop()
        return None

    def descend(self, node: RetainedNode) -> None:
        """Make the children that can match the next to come."""
        depth = self.depth
        wildcard = True
        if depth < len(self.levels):
            level = self.levels[depth]
            if level != "+":
                self.entry = node.find(level)
                wildcard = False
        elif not self.below:
            return
        self.depth = depth + 1
        if wildcard:
            # "$" topics hide from leading wildcards [MQTT-4.7.2-1].
            if node.child is not None and depth:
                self.entry = node.child
            else:
                self.open.append(OpenNode(node, depth + 1, depth == 0))
