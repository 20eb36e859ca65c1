"""[P] SASLprep (RFC 4013): the same user name or password, however a keyboard composes it."""

import stringprep
import unicodedata
from collections.abc import Callable
from typing import Final

_PROHIBITED: Final[tuple[Callable[[str], bool], ...]] = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,  # unassigned: these are stored strings (RFC 3454 section 7)
)


def saslprep(text: str) -> str:
    """Prepare a user name or a password. Raises ValueError if it cannot be one, or is empty."""
    # Mapping (section 2.1), then normalization (2.2).
    mapped = "".join(
        " " if stringprep.in_table_c12(one) else one
        for one in text
        if not stringprep.in_table_b1(one)
    )
    prepared = unicodedata.ucd_3_2_0.normalize("NFKC", mapped)
    if not prepared:
        raise ValueError("nothing is left of it")
    for one in prepared:
        if any(prohibited(one) for prohibited in _PROHIBITED):
            raise ValueError(f"the character U+{ord(one):04X} is not allowed in it")
    # Right-to-left text (RFC 3454 section 6).
    if any(stringprep.in_table_d1(one) for one in prepared):
        if any(stringprep.in_table_d2(one) for one in prepared):
            raise ValueError("it has text of both directions")
        if not (stringprep.in_table_d1(prepared[0]) and stringprep.in_table_d1(prepared[-1])):
            raise ValueError("text from right to left has to begin and end so")
    return prepared
