"""[P] The server's side of one SCRAM exchange (RFC 5802 sections 3 and 5)."""

import base64
import hashlib
import hmac

from robustmq_broker.access.scram.keys import ALGORITHMS, ScramKeys
from robustmq_broker.access.scram.messages import (
    ClientFirst,
    ScramError,
    parse_client_final,
)


class Conversation:
    """What is said after the client's first message.

    keys: of the user, or those that nobody has (`decoy_keys`). nonce: the server's part.
    """

    def __init__(self, first: ClientFirst, keys: ScramKeys, nonce: str) -> None:
        self._first = first
        self._keys = keys
        self._nonce = first.nonce + nonce

    def server_first(self) -> str:
        """The answer to the first message."""
        salt = base64.b64encode(self._keys.salt).decode("ascii")
        return f"r={self._nonce},s={salt},i={self._keys.iterations}"

    def server_final(self, data: bytes) -> str | None:
        """The answer to the final message, which shows that the server has the keys.

        None for a proof that is wrong. Raises ScramError for what is no such message.
        """
        final = parse_client_final(data)
        if not hmac.compare_digest(final.nonce.encode(), self._nonce.encode()):
            raise ScramError("it has another nonce")
        if final.channel_binding != self._first.gs2_header.encode():
            raise ScramError("it binds another beginning than it had")
        keys = self._keys
        algorithm = ALGORITHMS[keys.method]
        said = f"{self._first.bare},{self.server_first()},{final.without_proof}".encode()
        signature = hmac.digest(keys.stored_key, said, algorithm)
        if len(final.proof) != len(signature):
            return None
        client_key = bytes(a ^ b for a, b in zip(final.proof, signature, strict=True))
        if not hmac.compare_digest(hashlib.new(algorithm, client_key).digest(), keys.stored_key):
            return None
        proof = hmac.digest(keys.server_key, said, algorithm)
        return "v=" + base64.b64encode(proof).decode("ascii")
