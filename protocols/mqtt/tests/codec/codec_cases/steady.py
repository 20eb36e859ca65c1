"""How hypothesis runs here: the same examples every time, no database, no deadline."""

from hypothesis import settings

STEADY = settings(derandomize=True, database=None, deadline=None, max_examples=200)
EXTENSIVE = settings(STEADY, max_examples=1_000)
