"""[P] Values with their secrets left out, for whoever shows or logs them.

A secret is known by its type, by the name it stands under at any depth, or by its place in a URL.
"""

import re
from typing import Any, Final

from pydantic import SecretStr

REDACTED: Final = "(redacted)"

_NAME: Final = re.compile(
    r"pass?w|pwd|passphrase|secret|token|credential|private[_-]?key|api[_-]?key|access[_-]?key"
    r"|authorization|cookie",
    re.IGNORECASE,
)
_KEY: Final = re.compile(r"(?:^|[_-])key$", re.IGNORECASE)
_PLACEHOLDER: Final = re.compile(r"\$\{\w+\}")
_URL_PASSWORD: Final = re.compile(r"(?<=://)([^/\s:@]*):[^/\s@]+@")


def names_secret(name: str) -> bool:
    """Whether a name says that its value is one to hide."""
    return _NAME.search(name) is not None


def is_placeholder(value: Any) -> bool:
    """Whether a value is what a template has in place of a secret, such as "${password}"."""
    return isinstance(value, str) and _PLACEHOLDER.fullmatch(value) is not None


def redacted(value: Any) -> Any:
    """The value with what is secret in it replaced; tables and lists to any depth.

    Also of a table's keys that end in "key": in settings that nobody here knows, they may be.
    """
    if isinstance(value, SecretStr):
        return REDACTED
    if isinstance(value, str):
        return without_url_password(value)
    if isinstance(value, dict):
        return {
            name: REDACTED if _holds_secret(str(name), inner) else redacted(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [redacted(one) for one in value]
    return value


def _holds_secret(name: str, value: Any) -> bool:
    if value is None or is_placeholder(value):
        return False
    return names_secret(name) or _KEY.search(name) is not None


def without_url_password(text: str) -> str:
    """The text with passwords of URLs, as in scheme://user:password@host, left out."""
    if "://" not in text:
        return text
    return _URL_PASSWORD.sub(rf"\1:{REDACTED}@", text)
