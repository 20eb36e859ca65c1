"""[P] Whether a token is signed by one of our keys, with an algorithm that was asked for."""

from collections.abc import Collection, Iterable
from typing import Any

from robustmq_broker.access.jwt.keys import VerifyKey
from robustmq_broker.access.jwt.token import BadToken, Token
from robustmq_broker.access.strict_json import BadJson, parse_object

MAX_TRIED = 8
"""Keys that a token without a key identifier is tried with: each is a signature to verify."""


class Signatures:
    """Verifies with the algorithms that the configuration lists, and no others."""

    def __init__(self, algorithms: Collection[str]) -> None:
        from jwt.algorithms import get_default_algorithms  # noqa: PLC0415 - only if it is used

        known = get_default_algorithms()
        self._algorithms = {name: known[name] for name in algorithms}

    def check_algorithm(self, token: Token) -> None:
        """Refuse what is not listed before any key is looked for. Raises BadToken."""
        if token.algorithm not in self._algorithms:
            raise BadToken("the token's algorithm is not one of jwt.algorithms")

    def claims(self, token: Token, keys: Iterable[VerifyKey]) -> dict[str, Any]:
        """The claims of a token that one of the keys has signed. Raises BadToken."""
        self.check_algorithm(token)
        algorithm = self._algorithms[token.algorithm]
        fitting = candidates(token, keys)[:MAX_TRIED]
        if not fitting:
            raise BadToken("no key fits the token")
        if not any(
            algorithm.verify(token.signed, one.material, token.signature) for one in fitting
        ):
            raise BadToken("the token's signature is wrong")
        try:
            return parse_object(token.payload)
        except BadJson as error:
            raise BadToken(f"the token's claims cannot be read: {error}") from None


def candidates(token: Token, keys: Iterable[VerifyKey]) -> list[VerifyKey]:
    """The keys that may have signed a token: of its algorithm, and of its identifier if it has one.

    Keys without an identifier of their own (a secret, a PEM file) fit any.
    """
    return [
        key
        for key in keys
        if token.algorithm in key.algorithms
        and (token.kid is None or key.kid is None or key.kid == token.kid)
    ]
