"""[P] A ban: who may not connect, until when, and who said so why."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from robustmq_broker.protection.addresses import parse_ip, parse_network
from robustmq_broker.protection.patterns import PATTERN_MAX, compile_pattern
from robustmq_common.errors import CallerError, StorageError

CLIENT_ID: Final = "clientid"
USERNAME: Final = "username"
ADDRESS: Final = "peerhost"
CLIENT_ID_PATTERN: Final = "clientid_re"
USERNAME_PATTERN: Final = "username_re"
NETWORK: Final = "peerhost_net"

KINDS: Final = (CLIENT_ID, USERNAME, ADDRESS, CLIENT_ID_PATTERN, USERNAME_PATTERN, NETWORK)
"""What a ban may be on, by the names that EMQX has for it."""
FOR_EVER: Final = 0.0

_TEXT_MAX: Final = 65_535
_REASON_MAX: Final = 256
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Ban:
    """kind: one of `KINDS`. at, until: seconds since the epoch; `FOR_EVER` has no end."""

    kind: str
    value: str
    until: float = FOR_EVER
    reason: str = ""
    by: str = ""
    at: float = 0.0

    def is_over(self, now: float) -> bool:
        return self.until != FOR_EVER and self.until <= now


def checked_ban(ban: Ban) -> Ban:
    """The ban with its value in the form that is compared. Raises CallerError for a wrong one."""
    for name, text in (("reason", ban.reason), ("by", ban.by)):
        if len(text) > _REASON_MAX or _CONTROLS.search(text):
            raise CallerError(
                f"{name} of a ban: at most {_REASON_MAX} characters, all of them printable"
            )
    value = checked_value(ban.kind, ban.value)
    return Ban(ban.kind, value, ban.until, ban.reason, ban.by, ban.at)


def checked_value(kind: str, value: str) -> str:
    """The value of a ban in the form that is compared. Raises CallerError for a wrong one."""
    if kind not in KINDS:
        raise CallerError(f"{kind!r} cannot be banned; there are {', '.join(KINDS)}")
    if not value or len(value.encode("utf-8", "surrogatepass")) > _TEXT_MAX:
        raise CallerError(f"ban {kind}: a value of 1 to {_TEXT_MAX} bytes is needed")
    if kind == ADDRESS:
        address = parse_ip(value)
        if address is None:
            raise CallerError(
                f"ban {kind} {value!r}: not an IP address; for a network such as 192.0.2.0/24, "
                f"ban {NETWORK}"
            )
        return str(address)
    if kind == NETWORK:
        try:
            return str(parse_network(value))
        except ValueError as error:
            raise CallerError(f"ban {kind} {value!r}: not a network: {error}") from None
    if kind in {CLIENT_ID_PATTERN, USERNAME_PATTERN}:
        if len(value) > PATTERN_MAX:
            raise CallerError(f"ban {kind}: a pattern has at most {PATTERN_MAX} characters")
        try:
            compile_pattern(value)
        except ValueError as error:
            raise CallerError(f"ban {kind} {value!r}: not a regular expression: {error}") from None
    return value


def ban_key(kind: str, value: str) -> bytes:
    """The key that a ban is stored under."""
    return f"{kind}\0{value}".encode("utf-8", "surrogatepass")


def encode_ban(ban: Ban) -> bytes:
    """The value that a ban is stored as."""
    fields = {"until": ban.until, "reason": ban.reason, "by": ban.by, "at": ban.at}
    return json.dumps(fields, separators=(",", ":")).encode()


def decode_ban(key: bytes, value: bytes) -> Ban:
    """What is stored. Raises StorageError if it is damaged."""
    try:
        kind, _, banned = key.decode("utf-8", "surrogatepass").partition("\0")
        fields: dict[str, Any] = json.loads(value)
        ban = Ban(
            kind,
            banned,
            float(fields["until"]),
            str(fields["reason"]),
            str(fields["by"]),
            float(fields["at"]),
        )
        return checked_ban(ban)
    except (ValueError, KeyError, TypeError, CallerError, RecursionError, OverflowError) as error:
        raise StorageError(f"the ban stored under {key[:80]!r} is damaged: {error}") from None
