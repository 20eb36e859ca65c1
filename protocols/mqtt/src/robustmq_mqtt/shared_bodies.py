"""[H] The messages that several sessions wait for: how many still do, and when they expire."""

import heapq


class SharedBodies:
    """Numbers of stored bodies with how many deliveries refer to them.

    `last` is the highest number that was ever given.
    """

    def __init__(self) -> None:
        self.last = 0
        self._counts: dict[int, int] = {}
        self._expiring: list[tuple[float, int]] = []

    def __len__(self) -> int:
        return len(self._counts)

    def __contains__(self, number: int) -> bool:
        return number in self._counts

    def new(self, expires_at: float) -> int:
        """A number for a body; expires_at in seconds since the epoch, 0 for never."""
        self.last += 1
        self.known(self.last, expires_at)
        return self.last

    def known(self, number: int, expires_at: float) -> None:
        """A body that is stored, with nobody known yet who waits for it."""
        self.last = max(self.last, number)
        self._counts[number] = 0
        if expires_at:
            heapq.heappush(self._expiring, (expires_at, number))

    def refer(self, number: int) -> None:
        """One more delivery refers to a body, unless that has gone."""
        if number in self._counts:
            self._counts[number] += 1

    def release(self, number: int) -> bool:
        """One less does; True if that was the last one."""
        count = self._counts.get(number)
        if count is None:
            return False
        if count > 1:
            self._counts[number] = count - 1
            return False
        del self._counts[number]
        return True

    def unused(self) -> list[int]:
        """Forget the bodies that nobody refers to; returns which."""
        gone = [number for number, count in self._counts.items() if count == 0]
        for number in gone:
            del self._counts[number]
        return gone

    def next_expiry(self) -> float:
        """When the next body expires, in seconds since the epoch; 0 if none does."""
        if not self._counts:
            self._expiring = []
        return self._expiring[0][0] if self._expiring else 0.0

    def expired(self, now: float) -> list[int]:
        """Forget the bodies that have expired; returns which. now: seconds since the epoch."""
        gone = []
        while self._expiring and self._expiring[0][0] <= now:
            _, number = heapq.heappop(self._expiring)
            if self._counts.pop(number, None) is not None:
                gone.append(number)
        return gone
