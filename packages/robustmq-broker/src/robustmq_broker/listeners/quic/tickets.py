"""[P] Session tickets for 0-RTT: a bounded number, each of which is taken once.

Taking a ticket twice would accept its early data twice (RFC 8446 section 8.1).
"""

from typing import Any


class TicketStore:
    """The latest `limit` tickets."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._tickets: dict[bytes, Any] = {}

    def __len__(self) -> int:
        return len(self._tickets)

    def add(self, ticket: Any) -> None:
        """Keep a ticket; the oldest is forgotten if there are too many."""
        self._tickets[ticket.ticket] = ticket
        if len(self._tickets) > self.limit:
            del self._tickets[next(iter(self._tickets))]

    def take(self, label: bytes) -> Any:
        """The ticket that a client shows, which nobody gets again; None if there is none."""
        return self._tickets.pop(label, None)
