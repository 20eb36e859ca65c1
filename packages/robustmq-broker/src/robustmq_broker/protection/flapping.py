"""[P] Flapping: clients that connect and are gone again, over and over.

What is counted are the ends of connections that the client's side caused: a lost connection, a
broken protocol, a keep-alive that ran out, a takeover by another connection of the same client
identifier. An end that the broker wanted (a shutdown, a kick, a limit) says nothing of the client,
and a DISCONNECT is how a client that comes for one message says goodbye.
"""

from collections import OrderedDict, deque
from typing import Final

NORMAL: Final = frozenset({0x00, 0x04})
"""Reason codes of a client's own DISCONNECT."""
BY_BROKER: Final = frozenset(
    {0x87, 0x88, 0x89, 0x8A, 0x8B, 0x96, 0x97, 0x98, 0x9C, 0x9D, 0x9F, 0xA0}
)
"""Reason codes of ends that the broker wanted."""
CLIENTS_MAX: Final = 10_000
"""Clients whose last ends are remembered: those that were gone most lately."""


class Flapping:
    """Counts ends of connections by client identifier.

    max_count: how many within `window` seconds are too many.
    """

    def __init__(
        self, max_count: int, window: float, count_normal: bool, clients_max: int = CLIENTS_MAX
    ) -> None:
        self._max_count = max_count
        self._window = window
        self._ignored = BY_BROKER if count_normal else BY_BROKER | NORMAL
        self._clients_max = clients_max
        self._ends: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._ends)

    def ended(self, client_id: str, reason_code: int, now: float) -> bool:
        """Note the end of a connection; says whether that is one too many.

        reason_code: MQTT 5's, of whoever ended it. now: in seconds, monotonic.
        """
        if reason_code in self._ignored:
            return False
        ends = self._ends.get(client_id)
        if ends is None:
            ends = self._ends[client_id] = deque(maxlen=self._max_count)
            if len(self._ends) > self._clients_max:
                self._ends.popitem(last=False)
        else:
            self._ends.move_to_end(client_id)
        ends.append(now)
        if len(ends) < self._max_count or now - ends[0] > self._window:
            return False
        del self._ends[client_id]
        return True
