"""[H] Which topics a rule speaks of, and whether ordered patterns allow all that a filter matches.

A pattern is a topic filter, of which a level may have placeholders; or `*`, which is every topic,
those that begin with "$" as well; or a literal, which is its own text and nothing else.
"""

from typing import Final, final

ALLOW: Final = 1
DENY: Final = 2
IGNORE: Final = 0

EVERY_TOPIC: Final = "*"
SYS: Final = "$SYS"
EVERYTHING: Final = ["\0"]
"""The levels of `*`: no topic or filter has U+0000 [MQTT-1.5.4-2]."""
WORK_MAX: Final = 200_000
"""Patterns looked at for one filter, about 10 ms; what would take more is refused."""
NEVER: Final = 1 << 60


@final
class TopicPattern:
    """A pattern without placeholders; `literal` if wildcards in it are not meant as such."""

    def __init__(self, text: str, literal: bool) -> None:
        self.text = text
        self.literal = literal
        self.levels: list[str] = text.split("/")
        self.every = text == EVERY_TOPIC and not literal
        self.opens_sys = self.levels[0] == SYS


def matches_topic(pattern: TopicPattern, topic: str, levels: list[str], allows: bool) -> bool:
    """Whether a topic name is one that the pattern speaks of.

    allows: whether the rule allows; then `*` leaves out $SYS, which has to be named.
    """
    if pattern.every:
        return not (allows and levels[0] == SYS)
    if pattern.literal:
        return pattern.text == topic
    wanted = pattern.levels
    count = len(wanted)
    have = len(levels)
    if topic[:1] == "$" and (wanted[0] == "+" or wanted[0] == "#"):
        return False  # [MQTT-4.7.2-1]
    for i in range(count):
        level = wanted[i]
        if level == "#":
            return True
        if i >= have:
            return False
        if level != "+" and level != levels[i]:
            return False
        if i == have - 1 and i == count - 2 and wanted[i + 1] == "#":
            return True  # "sport/#" matches "sport" (4.7.1.2)
    return count == have


@final
class Coverage:
    """Decides about every topic that a filter matches, by the first pattern that matches each.

    Topics are gone through level by level, all those together that the patterns do not tell apart.
    `patterns` are in the order of the rules; `permissions` has ALLOW or DENY for each.
    """

    def __init__(
        self, topic_filter: str, patterns: list[TopicPattern], permissions: list[int]
    ) -> None:
        self.wanted: list[str] = topic_filter.split("/")
        self.patterns: list[list[str]] = []
        self.permissions = permissions
        self.undecided = False
        self.work = 0
        for i in range(len(patterns)):
            pattern = patterns[i]
            if pattern.literal and ("+" in pattern.text or "#" in pattern.text):
                # It speaks of this filter as it stands, or of nothing.
                same = pattern.text == topic_filter
                self.patterns.append(pattern.levels if same else [])
            elif pattern.every:
                everything = permissions[i] == DENY or self.wanted[0] != SYS
                self.patterns.append(EVERYTHING if everything else [])
            else:
                self.patterns.append(pattern.levels)

    def verdict(self) -> int:
        """ALLOW if every topic is allowed, DENY if any is denied, IGNORE if some are neither."""
        alive: list[int] = []
        found = NEVER
        for i in range(len(self.patterns)):
            levels = self.patterns[i]
            if not levels:
                continue
            if levels is EVERYTHING:
                found = i
                break
            alive.append(i)
        if not self.allowed(0, alive, found):
            return DENY
        return IGNORE if self.undecided else ALLOW

    def allowed(self, depth: int, alive: list[int], found: int) -> bool:
        """Whether no topic is denied whose first levels are those that led here.

        alive: the patterns that match these levels and go on, in order; found: the first one that
        matches all that may follow.
        """
        self.work += len(alive) + 1
        if self.work > WORK_MAX:
            return False
        if not alive:
            return self.decided(found)
        wanted = self.wanted
        rest = wanted[len(wanted) - 1] == "#" and depth >= len(wanted) - 1
        if depth and (depth == len(wanted) or rest):
            if not self.decided(self.ending(depth, alive, found)):
                return False
        if depth == len(wanted) and not rest:
            return True
        level = "#" if rest else wanted[depth]
        return self.next_levels(depth, level, alive, found)

    def decided(self, found: int) -> bool:
        """Note what the pattern `found` says of some topics; False if it denies them."""
        if found == NEVER:
            self.undecided = True
            return True
        return self.permissions[found] == ALLOW

    def ending(self, depth: int, alive: list[int], found: int) -> int:
        """The first pattern that matches the topic that ends here."""
        for i in alive:
            if i > found:
                break
            levels = self.patterns[i]
            if len(levels) == depth or (len(levels) == depth + 1 and levels[depth] == "#"):
                return i
        return found

    def next_levels(self, depth: int, level: str, alive: list[int], found: int) -> bool:
        """Go on with every level that `level` of the filter matches and patterns tell apart."""
        wildcard = level in ("+", "#")
        named: dict[str, list[int]] = {}
        anything: list[int] = []  # by "+"
        for i in alive:
            if i > found:
                break
            levels = self.patterns[i]
            if len(levels) <= depth:
                continue
            own = levels[depth]
            if own in ("+", "#"):
                if depth == 0 and not wildcard and level[:1] == "$":
                    continue  # [MQTT-4.7.2-1]
                if own == "#":
                    found = i
                    break
                anything.append(i)
            elif wildcard:
                if depth == 0 and own[:1] == "$":
                    continue
                if own in named:
                    named[own].append(i)
                else:
                    named[own] = [i]
            elif own == level:
                anything.append(i)
        for one in named.values():
            if not self.allowed(depth + 1, merged(anything, one), found):
                return False
        return self.allowed(depth + 1, anything, found)


def merged(one: list[int], other: list[int]) -> list[int]:
    """Two ordered lists as one."""
    if not one:
        return other
    both = one + other
    both.sort()
    return both
