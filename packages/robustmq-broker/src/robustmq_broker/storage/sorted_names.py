"""[P] Names in order, for a dict that is written all the time and scanned now and then."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from typing import Generic, TypeVar

Name = TypeVar("Name", str, bytes)

_SLACK = 64


class SortedNames(Generic[Name]):
    """The keys of a dict in order; told of every key that comes or goes, in constant time.

    Nothing is kept before the first scan. After it, what came and what went is remembered until
    the next scan merges it in: sorting an almost sorted list takes about one pass. If more has
    changed than there is, the order is forgotten and made anew, so that it never outgrows the
    dict for good.
    """

    def __init__(self) -> None:
        self._sorted: list[Name] | None = None
        self._added: list[Name] = []
        self._removed: set[Name] = set()

    def add(self, name: Name) -> None:
        """A key has come that the dict did not have."""
        if self._sorted is None:
            return
        if name in self._removed:
            self._removed.discard(name)
        else:
            self._added.append(name)
            self._check_size(self._sorted)

    def remove(self, name: Name) -> None:
        """A key that the dict had is gone."""
        if self._sorted is None:
            return
        self._removed.add(name)
        self._check_size(self._sorted)

    def scan(self, names: Iterable[Name], prefix: Name, after: Name, limit: int) -> list[Name]:
        """Names that begin with `prefix` and are greater than `after`, in order.

        names: the keys of the dict; gone through only if no order is remembered.
        """
        ordered = self._merged(names)
        start = max(bisect_left(ordered, prefix), bisect_right(ordered, after) if after else 0)
        found: list[Name] = []
        for position in range(start, min(start + max(limit, 0), len(ordered))):
            name = ordered[position]
            if not name.startswith(prefix):
                break
            found.append(name)
        return found

    def _merged(self, names: Iterable[Name]) -> list[Name]:
        if self._sorted is None:
            self._sorted = sorted(names)
        elif self._added or self._removed:
            self._sorted += self._added
            if self._removed:
                self._sorted = [name for name in self._sorted if name not in self._removed]
            self._sorted.sort()
            self._added = []
            self._removed = set()
        return self._sorted

    def _check_size(self, ordered: list[Name]) -> None:
        if len(self._added) + len(self._removed) > len(ordered) + _SLACK:
            self._sorted = None
            self._added = []
            self._removed = set()
