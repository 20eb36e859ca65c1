"""[P] The mountpoint of a listener: what it puts before every topic of a client."""

import re
from typing import Final

from robustmq_common.spi.access import ClientInfo

_PLACEHOLDER: Final = re.compile(r"\$\{([^}]*)\}")
_NAMES: Final = ("clientid", "username")
_SPECIAL: Final = "+#/\0"


def mountpoint_problem(template: str) -> str:
    """What is wrong with a template, "" if nothing is."""
    for name in _PLACEHOLDER.findall(template):
        if name not in _NAMES:
            return f"${{{name}}} is not known; there are ${{clientid}} and ${{username}}"
    fixed = _PLACEHOLDER.sub("", template)
    if any(letter in fixed for letter in "+#\0"):
        return "a topic prefix has no wildcards"
    if fixed.startswith("$"):
        return "a topic prefix must not begin with $"
    if template and not template.endswith("/"):
        return "a topic prefix ends with /"
    # Else "a" would reach the topics of "ab", and "a" with "bc" those of "ab" with "c".
    levels = template.split("/")
    if any("${" in level and not _PLACEHOLDER.fullmatch(level) for level in levels):
        return "a placeholder is a level of its own"
    return ""


def mountpoint_of(template: str, client: ClientInfo) -> str | None:
    """The prefix for a client; None if its names would make another's out of it.

    A name with "/" or a wildcard could widen what the client reaches, and an empty one would put it
    where everybody is.
    """
    values = {"clientid": client.client_id, "username": client.username or ""}
    for name in _PLACEHOLDER.findall(template):
        value = values[name]
        if not value or value.startswith("$") or any(letter in value for letter in _SPECIAL):
            return None
    return _PLACEHOLDER.sub(lambda match: values[match[1]], template)
