"""[H] Retained messages, in a tree of topic levels: a subscription walks only what it can match.

A level without levels below it is its message itself; a node costs only where topics branch. The
children of a node are one, or a dict, or, beyond `NARROW_MAX`, many small dicts: a dict of a
million names takes 30 ms to grow and cannot be walked in pieces while it changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias, final

from mypy_extensions import mypyc_attr

from robustmq_mqtt.retained_message import GONE, RetainedMessage

if TYPE_CHECKING:
    from robustmq_mqtt.codec.publish import Publish

SYS_PREFIX: Final = "$SYS/"
NARROW_MAX: Final = 1024
"""Children in one dict; looking at that many takes some microseconds."""
BUCKETS: Final = 1024
BUCKET_MASK: Final = BUCKETS - 1
NAMES_MAX: Final = 4096
"""Level names remembered, so that one that many topics have is kept once."""


@final
@mypyc_attr(acyclic=True)
class Buckets:
    """The children of a wide node, spread over dicts by the hash of their names."""

    def __init__(self) -> None:
        self.dicts: list[dict[str, Entry]] = [{} for _ in range(BUCKETS)]
        self.count = 0

    def bucket(self, name: str) -> dict[str, Entry]:
        return self.dicts[hash(name) & BUCKET_MASK]

    def put(self, name: str, entry: Entry) -> None:
        bucket = self.bucket(name)
        if name not in bucket:
            self.count += 1
        bucket[name] = entry


@final
@mypyc_attr(acyclic=True)
class RetainedNode:
    """A topic level with levels below it; `message` is what its own topic retains.

    It lives as long as it has a message or a child; one that comes back is another node.
    """

    def __init__(self) -> None:
        self.message: RetainedMessage | None = None
        self.name = ""
        self.child: Entry | None = None
        self.children: dict[str, Entry] | None = None
        self.buckets: Buckets | None = None

    def find(self, name: str) -> Entry | None:
        """The child of that name."""
        if self.child is not None:
            return self.child if self.name == name else None
        if self.children is not None:
            return self.children.get(name)
        if self.buckets is not None:
            return self.buckets.bucket(name).get(name)
        return None

    def put(self, name: str, entry: Entry) -> None:
        """Add a child, or replace the one of that name."""
        children = self.children
        if children is not None:
            children[name] = entry
            if len(children) > NARROW_MAX:
                self.widen(children)
        elif self.buckets is not None:
            self.buckets.put(name, entry)
        elif self.child is None or self.name == name:
            self.name = name
            self.child = entry
        else:
            self.children = {self.name: self.child, name: entry}
            self.child = None
            self.name = ""

    def widen(self, children: dict[str, Entry]) -> None:
        buckets = Buckets()
        for name, entry in children.items():
            buckets.put(name, entry)
        self.buckets = buckets
        self.children = None

    def drop(self, name: str) -> None:
        """Remove the child of that name, which there must be."""
        if self.children is not None:
            del self.children[name]
            if not self.children:
                self.children = None
        elif self.buckets is not None:
            del self.buckets.bucket(name)[name]
            self.buckets.count -= 1
            if self.buckets.count == 0:
                self.buckets = None
        else:
            self.child = None
            self.name = ""

    def is_empty(self) -> bool:
        return (
            self.message is None
            and self.child is None
            and self.children is None
            and self.buckets is None
        )

    def parts(self) -> int:
        """In how many parts `part` lists the children."""
        return 1 if self.buckets is None else BUCKETS

    def part(self, index: int, hide_dollar: bool) -> list[Entry]:
        """Some of the children; together, the parts hold each child once.

        hide_dollar: leave out names that start with "$" [MQTT-4.7.2-1].
        """
        if self.child is not None:
            if hide_dollar and self.name.startswith("$"):
                return []
            return [self.child]
        children = self.children if index == 0 else None
        if self.buckets is not None:
            children = self.buckets.dicts[index]
        if children is None:
            return []
        if hide_dollar:
            return [entry for name, entry in children.items() if not name.startswith("$")]
        return list(children.values())


Entry: TypeAlias = RetainedNode | RetainedMessage


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
        self.names: dict[str, str] = {}

    def get(self, topic: str) -> RetainedMessage | None:
        entry: Entry | None = self.root
        for level in topic.split("/"):
            if not isinstance(entry, RetainedNode):
                return None
            entry = entry.find(level)
        if isinstance(entry, RetainedNode):
            return entry.message
        return entry

    def set(self, topic: str, message: Publish) -> RetainedMessage:
        """Keep a message, replacing what the topic had [MQTT-3.3.1-5]; returns what is kept."""
        levels = topic.split("/")
        last = len(levels) - 1
        node = self.root
        for i in range(last):
            entry = node.find(levels[i])
            if isinstance(entry, RetainedNode):
                node = entry
            else:
                below = RetainedNode()
                below.message = entry
                node.put(self.shared_name(levels[i]), below)
                node = below
        self.serial += 1
        kept = RetainedMessage(message, self.serial)
        entry = node.find(levels[last])
        if isinstance(entry, RetainedNode):
            replaced = entry.message
            entry.message = kept
        else:
            replaced = entry
            node.put(self.shared_name(levels[last]), kept)
        if replaced is not None:
            replaced.serial = GONE
        elif not topic.startswith(SYS_PREFIX):
            self.count += 1
        return kept

    def shared_name(self, name: str) -> str:
        """The same name, as the same object if it was used lately."""
        names = self.names
        known = names.get(name)
        if known is not None:
            return known
        if len(names) >= NAMES_MAX:
            names.clear()
        names[name] = name
        return name

    def remove(self, topic: str) -> bool:
        """Forget a topic's message; False if it had none."""
        levels = topic.split("/")
        last = len(levels) - 1
        path: list[RetainedNode] = [self.root]
        for i in range(last):
            entry = path[i].find(levels[i])
            if not isinstance(entry, RetainedNode):
                return False
            path.append(entry)
        entry = path[last].find(levels[last])
        if isinstance(entry, RetainedNode):
            removed = entry.message
            entry.message = None
            path.append(entry)
        else:
            removed = entry
            if entry is not None:
                path[last].drop(levels[last])
        if removed is None:
            return False
        removed.serial = GONE
        if not topic.startswith(SYS_PREFIX):
            self.count -= 1
        for i in range(len(path) - 1, 0, -1):
            if not path[i].is_empty():
                break
            path[i - 1].drop(levels[i - 1])
        return True
