"""[H] What a load generator writes in front of each payload, so that the receiver can judge it.

 0   2  mark
 2   2  run: which command sent it
 4   2  publisher: its number within the run
 6   4  number of the message, from 0
10   6  when it was sent: microseconds since the epoch, modulo 2**48
"""

from typing import Final

MARK: Final = b"\xb7\x4d"
MARK_0: Final = 0xB7
MARK_1: Final = 0x4D
SIZE: Final = 16
"""Bytes of the stamp; a shorter payload carries none."""
MAX_PUBLISHERS: Final = 0x1_0000
MAX_RUN: Final = 0xFFFF
TIME_BITS: Final = 48
TIME_MASK: Final = (1 << TIME_BITS) - 1


def source_of(run: int, publisher: int) -> int:
    """A publisher among all runs, as one number."""
    return run << 16 | publisher


def wrapped(microseconds: int) -> int:
    """A time as the stamp has it."""
    return microseconds & TIME_MASK
