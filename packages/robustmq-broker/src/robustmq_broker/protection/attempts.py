"""[P] Failed authentications by address, and how long their answers are to be held back.

From some failures on, the answer to each further one comes later than that to the one before, and
an address has only so many answers waiting: more attempts are refused unread. So guessing is slow
however many connections it uses, and it costs no password hashing beyond that.

Only failures wait. Whoever has the right password gets in at once, from the same address too, as
long as there is room among those that wait. To keep a guesser from taking all the room from its
neighbours behind a NAT, users that came in from an address before are counted for themselves there:
what others do does not touch them, and a guesser who knows such a name has that one count only.

The price: with a valid user of its own, or another network of addresses, a guesser starts anew.
"""

from collections import OrderedDict
from typing import Final

from robustmq_broker.protection.addresses import site

Key = tuple[str, str]
"""A site, and the user if it is known there, else ""."""
_KNOWN: Final = "+"


class Record:
    """One key's failures in a row, when the last one was, and how many answers wait."""

    __slots__ = ("failures", "last", "waiting")

    def __init__(self) -> None:
        self.failures = 0
        self.last = 0.0
        self.waiting = 0


class Attempts:
    """free: failures without delay. window: seconds without a failure after which none counts.

    first, longest: seconds of the first delay, which doubles, and of the longest.
    max_waiting: answers of an address that wait. max_records: addresses and users in memory; those
    that failed longest ago are forgotten first.
    """

    def __init__(
        self,
        free: int,
        window: float,
        first: float,
        longest: float,
        max_waiting: int,
        max_records: int,
    ) -> None:
        self._free = free
        self._window = window
        self._first = first
        self._longest = longest
        self._max_waiting = max_waiting
        self._max_records = max_records
        self._records: OrderedDict[Key, Record] = OrderedDict()
        self._known: OrderedDict[Key, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._records) + len(self._known)

    def key(self, address: str, username: str | None) -> Key:
        """Whom an attempt is counted for."""
        place = site(address)
        known = (place, _KNOWN + (username or ""))
        return known if username and known in self._known else (place, "")

    def may_try(self, key: Key) -> bool:
        """Whether another attempt is looked at."""
        record = self._records.get(key)
        return record is None or record.waiting < self._max_waiting

    def failed(self, key: Key, now: float) -> float:
        """Note a failure; returns the seconds to hold the answer back, `released` then."""
        record = self._records.get(key)
        if record is None:
            record = self._records[key] = Record()
            self._trim()
        elif now - record.last > self._window:
            record.failures = 0
        self._records.move_to_end(key)
        record.failures += 1
        record.last = now
        over = record.failures - self._free
        if over <= 0:
            return 0.0
        if record.waiting >= self._max_waiting:
            return 0.0  # begun before the others failed; the next one is not looked at
        record.waiting += 1
        return min(self._longest, self._first * 2.0 ** min(over - 1, 30))

    def released(self, key: Key) -> None:
        """An answer that was held back has been given."""
        record = self._records.get(key)
        if record is not None and record.waiting:
            record.waiting -= 1

    def succeeded(self, key: Key, username: str | None) -> None:
        """Forget the failures, and know the user at this address from now on.

        Who needs no password has proved nothing: that a client without a username came in changes
        nothing.
        """
        if not username:
            return
        record = self._records.get(key)
        if record is not None:
            record.failures = 0
        place, known = key
        known = known or _KNOWN + username
        self._known[place, known] = None
        self._known.move_to_end((place, known))
        if len(self._known) > self._max_records:
            self._known.popitem(last=False)

    def _trim(self) -> None:
        """Forget the oldest ones, even if answers of theirs wait: memory is bounded."""
        while len(self._records) > self._max_records:
            self._records.popitem(last=False)
