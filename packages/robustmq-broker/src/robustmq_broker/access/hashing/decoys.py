"""[P] What to check the password of an unknown user against, so that time does not tell.

An unknown name gets a hash of one of the kinds that known users have, with the probability of a
known one, and always the same: who measures cannot tell it from a name that exists.
"""

import hmac
from collections import Counter

from robustmq_broker.access.hashing.forms import PasswordHash, kind_of
from robustmq_broker.access.hashing.verification import Argon2Cost, decoy


class Decoys:
    """Counts the hashes of known users by kind.

    secret: random bytes that nobody else knows. cost: of the hash that stands in while nobody is
    known.
    """

    def __init__(self, secret: bytes, cost: Argon2Cost) -> None:
        self._secret = secret
        self._kinds: Counter[str] = Counter()
        self._default = f"$argon2id$v=19$m={cost.memory},t={cost.time},p={cost.parallelism}"

    def add(self, text: str) -> None:
        """Count a hash in its own form."""
        self._kinds[kind_of(text)] += 1

    def remove(self, text: str) -> None:
        """Count it no more."""
        kind = kind_of(text)
        self._kinds[kind] -= 1
        if not self._kinds[kind]:
            del self._kinds[kind]

    def choose(self, name: str) -> PasswordHash:
        """The hash for an unknown user."""
        total = self._kinds.total()
        if not total:
            return decoy(self._default)
        drawn = hmac.digest(self._secret, name.encode(errors="replace"), "sha256")
        place = int.from_bytes(drawn[:8], "big") % total
        chosen = self._default
        for kind, count in sorted(self._kinds.items()):
            chosen = kind
            place -= count
            if place < 0:
                break
        return decoy(chosen)
