"""[P] What a token says, and whether that is enough (RFC 7519 section 4.1)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from robustmq_broker.access.jwt.token import BadToken
from robustmq_common.spi.access import ClientInfo

MAX_NAME = 1024
"""Characters of a user name that comes from a claim."""


@dataclass(frozen=True, slots=True)
class ClaimRules:
    """What is asked of claims; empty lists and names ask nothing.

    leeway: seconds that clocks may differ.
    expected: text that a claim has to have, "${clientid}" and "${username}" standing for what
        CONNECT says.
    """

    leeway: float = 0.0
    require_exp: bool = True
    issuers: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    expected: Mapping[str, str] = field(default_factory=dict)


def check_claims(
    claims: Mapping[str, Any], rules: ClaimRules, client: ClientInfo, now: float
) -> float | None:
    """Check what a verified token says; returns when it ends, in seconds since the epoch.

    That has the leeway in it. Raises BadToken.
    """
    expires_at = _times(claims, rules, now)
    if rules.issuers and claims.get("iss") not in rules.issuers:
        raise BadToken("the token's issuer is not one of jwt.issuers")
    _audience(claims, rules)
    for name, template in rules.expected.items():
        wanted = _filled(template, client)
        if name not in claims:
            raise BadToken(f"the token has no claim {name!r}")
        if wanted is None or _text(claims[name]) != wanted:
            raise BadToken(f"the token's claim {name!r} does not match")
    return expires_at


def user_name(claims: Mapping[str, Any], name: str) -> str:
    """The user name that a claim gives. Raises BadToken if it cannot be one."""
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise BadToken(f"the token's claim {name!r}, the user name, is missing or not text")
    if len(value) > MAX_NAME or not value.isprintable():
        raise BadToken(f"the token's claim {name!r} cannot be a user name")
    return value


def _times(claims: Mapping[str, Any], rules: ClaimRules, now: float) -> float | None:
    exp, nbf, iat = (_moment(claims, name) for name in ("exp", "nbf", "iat"))
    if exp is None and rules.require_exp:
        raise BadToken("the token does not say when it expires (claim exp)")
    if exp is not None and now >= exp + rules.leeway:
        raise BadToken("the token has expired")
    if nbf is not None and now + rules.leeway < nbf:
        raise BadToken("the token is not valid yet (claim nbf)")
    if iat is not None and now + rules.leeway < iat:
        raise BadToken("the token was issued in the future (claim iat)")
    return None if exp is None else exp + rules.leeway


def _moment(claims: Mapping[str, Any], name: str) -> float | None:
    """A NumericDate. Raises BadToken for what is there and is none."""
    if name not in claims:
        return None
    value = claims[name]
    try:
        if not isinstance(value, bool) and isinstance(value, int | float):
            if math.isfinite(moment := float(value)):
                return moment
    except OverflowError:
        pass
    raise BadToken(f"the token's claim {name} is not a time in seconds")


def _audience(claims: Mapping[str, Any], rules: ClaimRules) -> None:
    """A token for somebody else is to be rejected, also if nobody said who we are (4.1.3)."""
    if "aud" not in claims and not rules.audiences:
        return
    value = claims.get("aud")
    given = value if isinstance(value, list) else [value]
    if not any(isinstance(one, str) and one in rules.audiences for one in given):
        raise BadToken("the token is not meant for any of jwt.audiences")


def _filled(template: str, client: ClientInfo) -> str | None:
    """What a claim has to say; None if it cannot, as the client gave no user name."""
    if template == "${clientid}":
        return client.client_id
    if template == "${username}":
        return client.username
    return template


def _text(value: Any) -> str | None:
    """A claim as text: 7 is "7" and true is "true"; lists and objects are no text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None
