"""[P] The bans in effect, to be asked for every client.

Exact ones are found by one look into a dict, networks by one for each prefix length that is in use.
Patterns are tried one after the other, so there are few of them.
"""

import heapq
from collections.abc import Callable, Iterator
from typing import Final

from robustmq_broker.protection.addresses import IP, parse_ip, parse_network
from robustmq_broker.protection.ban import (
    ADDRESS,
    CLIENT_ID,
    CLIENT_ID_PATTERN,
    FOR_EVER,
    KINDS,
    NETWORK,
    USERNAME,
    USERNAME_PATTERN,
    Ban,
)
from robustmq_broker.protection.patterns import compile_pattern
from robustmq_common.errors import CallerError

PATTERNS_MAX: Final = 100
"""Patterns of each kind: with so many, a client costs about 0.1 ms."""
_STALE_MAX: Final = 1000


class BanTable:
    """Bans by what they are on. limit: how many there may be."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._bans: dict[str, dict[str, Ban]] = {kind: {} for kind in KINDS}
        self._patterns: dict[str, dict[str, Callable[[str], bool]]] = {
            CLIENT_ID_PATTERN: {},
            USERNAME_PATTERN: {},
        }
        # (version, prefix length) -> first bits of the address -> ban
        self._networks: dict[tuple[int, int], dict[int, Ban]] = {}
        self._ends: list[tuple[float, str, str]] = []
        self.count = 0

    def __iter__(self) -> Iterator[Ban]:
        for bans in self._bans.values():
            yield from bans.values()

    def get(self, kind: str, value: str) -> Ban | None:
        return self._bans[kind].get(value)

    def has_room(self, ban: Ban, reserve: int = 0) -> bool:
        """Whether there is room for a ban, with `reserve` places left free."""
        return ban.value in self._bans[ban.kind] or self.count + reserve < self._limit

    def check_room(self, ban: Ban) -> None:
        """Raise CallerError if there are as many bans as there may be."""
        if ban.value in self._bans[ban.kind]:
            return
        if self.count >= self._limit:
            raise CallerError(
                f"there are {self.count} bans, as many as bans.max_bans allows; delete some, or "
                "ban a network or a pattern instead"
            )
        if ban.kind in self._patterns and len(self._patterns[ban.kind]) >= PATTERNS_MAX:
            raise CallerError(
                f"there are {PATTERNS_MAX} bans on {ban.kind}, which is as many as there may be: "
                "each is tried on every client; delete some, or join them with |"
            )

    def add(self, ban: Ban) -> None:
        """Add a checked ban, in place of one on the same."""
        known = self._bans[ban.kind]
        if ban.value not in known:
            self.count += 1
        known[ban.value] = ban
        if ban.kind in self._patterns and ban.value not in self._patterns[ban.kind]:
            self._patterns[ban.kind][ban.value] = compile_pattern(ban.value)
        elif ban.kind == NETWORK:
            place, bits = _place(ban.value)
            self._networks.setdefault(place, {})[bits] = ban
        if ban.until != FOR_EVER:
            heapq.heappush(self._ends, (ban.until, ban.kind, ban.value))
            if len(self._ends) > 2 * self.count + _STALE_MAX:
                self._ends = [(b.until, b.kind, b.value) for b in self if b.until != FOR_EVER]
                heapq.heapify(self._ends)

    def remove(self, kind: str, value: str) -> bool:
        """Forget a ban; False if there was none."""
        if self._bans[kind].pop(value, None) is None:
            return False
        self.count -= 1
        if kind in self._patterns:
            del self._patterns[kind][value]
        elif kind == NETWORK:
            place, bits = _place(value)
            del self._networks[place][bits]
            if not self._networks[place]:
                del self._networks[place]
        return True

    def remove_over(self, now: float, limit: int) -> list[Ban]:
        """Forget bans that are over, `limit` of them at most; returns them."""
        gone: list[Ban] = []
        while self._ends and self._ends[0][0] <= now and len(gone) < limit:
            _, kind, value = heapq.heappop(self._ends)
            ban = self._bans[kind].get(value)
            if ban is not None and ban.is_over(now):
                self.remove(kind, value)
                gone.append(ban)
        return gone

    def of_address(self, host: str, now: float) -> Ban | None:
        """The ban on an address, or on a network that it is in."""
        if not self._networks and not self._bans[ADDRESS]:
            return None
        address = parse_ip(host)
        if address is None:
            return None
        return _in_effect(self._bans[ADDRESS].get(str(address)), now) or self._of_net(address, now)

    def of_name(self, client_id: str, username: str | None, now: float) -> Ban | None:
        """The ban on a client identifier, or on a user, or on a pattern that one of them has."""
        found = _in_effect(self._bans[CLIENT_ID].get(client_id), now)
        found = found or self._of_pattern(CLIENT_ID_PATTERN, client_id, now)
        if found is None and username is not None:
            found = _in_effect(self._bans[USERNAME].get(username), now)
            found = found or self._of_pattern(USERNAME_PATTERN, username, now)
        return found

    def _of_net(self, address: IP, now: float) -> Ban | None:
        number = int(address)
        for (version, length), networks in self._networks.items():
            if version == address.version:
                found = _in_effect(networks.get(number >> address.max_prefixlen - length), now)
                if found is not None:
                    return found
        return None

    def _of_pattern(self, kind: str, text: str, now: float) -> Ban | None:
        for value, matches in self._patterns[kind].items():
            if matches(text):
                found = _in_effect(self._bans[kind][value], now)
                if found is not None:
                    return found
        return None


def _in_effect(ban: Ban | None, now: float) -> Ban | None:
    return None if ban is None or ban.is_over(now) else ban


def _place(value: str) -> tuple[tuple[int, int], int]:
    network = parse_network(value)
    length = network.prefixlen
    first_bits = int(network.network_address) >> network.max_prefixlen - length
    return (network.version, length), first_bits
