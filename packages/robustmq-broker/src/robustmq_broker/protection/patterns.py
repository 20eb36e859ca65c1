"""[P] Regular expressions on what clients call themselves.

RE2 matches in time that grows with the text alone. Python's `re` may take for ever over a client
identifier that was made for it, with the event loop waiting.
"""

from collections.abc import Callable
from typing import Any, Final

PATTERN_MAX: Final = 512
"""Characters of a pattern, at most."""
_MEMORY_MAX: Final = 1 << 20


def compile_pattern(pattern: str) -> Callable[[str], bool]:
    """What says whether a text has a match anywhere in it. Raises ValueError for a bad pattern."""
    import re2  # noqa: PLC0415 - only brokers with patterns pay for it

    options: Any = re2.Options()
    options.max_mem = _MEMORY_MAX
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0]
        raise ValueError(reason.decode() if isinstance(reason, bytes) else reason) from None
    search = compiled.search

    def matches(text: str) -> bool:
        return search(text) is not None

    return matches
