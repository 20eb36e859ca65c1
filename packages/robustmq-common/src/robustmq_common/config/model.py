"""[P] What configuration sections are written in: the base model and the types of their keys.

A section is a subclass of `Section`. Every key has a default or is required, carries a
description, and has bounds. A key whose rule is not in its type says it with `Expected`.

    class Limits(Section):
        idle_timeout: Seconds = Field(15.0, ge=1, le=3600, description="Close a silent client.")
        max_packet: Bytes = Field(1048576, ge=16, description="Largest packet accepted.")
        password: Secret | None = Field(None, description="Never shown, never logged.")
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, SecretStr

from robustmq_common.config.quantities import (
    is_count,
    parse_address,
    parse_bytes,
    parse_rate,
    parse_seconds,
    parse_whole_seconds,
)


class Section(BaseModel):
    """Base of every configuration table: strict types, no unknown keys, no changes afterwards."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True
    )


@dataclass(frozen=True, slots=True)
class Expected:
    """Marks a key whose rule its type does not tell.

    `what` completes the sentence "expected ..."; `how` follows the bounds, to say how it may be
    written; `name` is the type in the reference.
    """

    what: str
    how: str = ""
    name: str = "text"


DURATION: Final = Expected("a duration", ': seconds, or text such as "15s" or "2h"', "duration")
SIZE: Final = Expected("a size", ': bytes, or text such as "64KB" or "1MB"', "size")
ADDRESS: Final = Expected('"host:port"', ', such as "127.0.0.1:1883" or "[::1]:1883"', "address")
RATE: Final = Expected("a rate", ', such as "1000/s" or "500/10s"', "rate")
BYTE_RATE: Final = Expected("a rate of bytes", ', such as "1MB/s" or "64KB/10s"', "byte rate")

Seconds = Annotated[float, BeforeValidator(parse_seconds), DURATION]
"""A duration in seconds; also written "250ms", "15s", "2h" or "1d12h"."""

WholeSeconds = Annotated[int, BeforeValidator(parse_whole_seconds), DURATION]
"""The same for what counts in whole seconds, such as MQTT's intervals."""

Bytes = Annotated[int, BeforeValidator(parse_bytes), SIZE]
"""A size in bytes; also written "64KB" or "1MB", where a KB is 1,024 bytes."""


def _check_address(text: str) -> str:
    parse_address(text)
    return text


Address = Annotated[str, AfterValidator(_check_address), ADDRESS]
"""Where to listen: "host:port" with an IPv4 address, a name, or an IPv6 address in brackets."""


def _check_rate(text: str) -> str:
    parse_rate(text)
    if not is_count(text):
        raise ValueError("expected a number of things, not a size")
    return text


def _check_byte_rate(text: str) -> str:
    parse_rate(text)
    return text


Rate = Annotated[str, AfterValidator(_check_rate), RATE]
"""How many in which time: "1000/s", "500/10s"; `quantities.parse_rate` reads it."""

ByteRate = Annotated[str, AfterValidator(_check_byte_rate), BYTE_RATE]
"""How many bytes in which time: "1MB/s", "64KB/10s"; a KB is 1,024 bytes."""

Secret = SecretStr
"""Text that is never shown: read it with `.get_secret_value()`."""

Sections = Mapping[str, Any]
"""Top-level names of a configuration to a `Section` subclass, to `dict[str, Section subclass]` for
tables that people name, such as `[listeners.NAME]`, or to `list[Section subclass]` for tables in an
order, such as `[[topics]]`."""
