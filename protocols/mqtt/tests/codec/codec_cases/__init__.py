"""The case table: bytes, the packet they are, or the reason code they get.

Decoder, encoder and fuzzer work from the same cases; one module per packet family holds them.
"""

from codec_cases import acks, connect, disconnect_auth, publish, subscribe
from codec_cases.case import Case

CASES: tuple[Case, ...] = (
    *connect.CASES,
    *publish.CASES,
    *acks.CASES,
    *subscribe.CASES,
    *disconnect_auth.CASES,
)
VALID: tuple[Case, ...] = tuple(case for case in CASES if case.packet is not None)
INVALID: tuple[Case, ...] = tuple(case for case in CASES if case.packet is None)
