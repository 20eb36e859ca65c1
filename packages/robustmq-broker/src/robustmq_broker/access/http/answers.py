"""[P] What an access service answered: only what is clearly a yes is one.

200 with a JSON object says "allow", "deny" or "ignore" in its `result`; 204 is a yes. Everything
else is no answer.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

from robustmq_broker.access.strict_json import BadJson, parse_object
from robustmq_common.spi.access import ALLOW, DENY, IGNORE

OK: Final = 200
NO_CONTENT: Final = 204
RESULTS: Final = {"allow": ALLOW, "deny": DENY, "ignore": IGNORE}


class BadAnswer(ValueError):
    """It cannot be told what the service means; the message says why, without quoting it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """verdict: ALLOW, DENY or IGNORE. expires_at: seconds since the epoch."""

    verdict: int
    is_superuser: bool = False
    expires_at: float | None = None


def read_answer(status: int, body: bytes) -> Answer:
    """Read what a service answered. Raises BadAnswer."""
    if status == NO_CONTENT:
        return Answer(ALLOW)
    if status != OK:
        raise BadAnswer(f"the answer's status is {status}")
    try:
        said = parse_object(body)
    except BadJson as error:
        raise BadAnswer(f"the answer cannot be read: {error}") from None
    result = said.get("result")
    if not isinstance(result, str) or result not in RESULTS:
        raise BadAnswer('the answer\'s "result" is not "allow", "deny" or "ignore"')
    if said.get("acl") is not None:
        # Not to be passed over: there may be denials among its rules.
        raise BadAnswer('the answer has an "acl"; ask for rules with the authorizer http instead')
    return Answer(RESULTS[result], _superuser(said), _expiry(said))


def _superuser(said: dict[str, Any]) -> bool:
    value = said.get("is_superuser", False)
    if not isinstance(value, bool):
        raise BadAnswer('the answer\'s "is_superuser" is not true or false')
    return value


def _expiry(said: dict[str, Any]) -> float | None:
    value = said.get("expire_at")
    if value is None:
        return None
    try:
        if not isinstance(value, bool) and isinstance(value, int | float):
            if math.isfinite(moment := float(value)):
                return moment
    except OverflowError:
        pass
    raise BadAnswer('the answer\'s "expire_at" is not a time in seconds')
