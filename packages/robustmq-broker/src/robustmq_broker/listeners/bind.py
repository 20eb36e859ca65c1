"""[P] What a listener's `bind` may be: an address and port, or the path of a Unix socket."""

from typing import Annotated, Final

from pydantic import AfterValidator

from robustmq_common.config.model import Expected
from robustmq_common.config.quantities import parse_address

UNIX: Final = "unix"
"""The transport whose `bind` is a path."""


def is_path(bind: str) -> bool:
    """Whether it is a path: absolute, or it says that it is relative."""
    return bind.startswith(("/", "./", "../"))


def _check(bind: str) -> str:
    if is_path(bind):
        if "\0" in bind:
            raise ValueError("expected a path without NUL")
    else:
        parse_address(bind)
    return bind


Bind = Annotated[
    str,
    AfterValidator(_check),
    Expected('"host:port"', ', such as "127.0.0.1:1883" or "[::1]:1883"', name="address or path"),
]


def bind_problem(transport: str, bind: str) -> str:
    """Why the two do not go together, "" if they do."""
    if transport == UNIX and not is_path(bind):
        return 'expected a path for the transport "unix", such as "/run/robustmq/mqtt.sock"'
    if transport != UNIX and is_path(bind):
        return f'expected "host:port" for the transport "{transport}"; paths are for "unix"'
    return ""
