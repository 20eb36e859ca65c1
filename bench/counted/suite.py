"""Everything that is counted."""

from typing import Final

from bench.counted import codec, flow, holdings, match
from bench.counted.case import Suite

SUITE: Final = Suite(
    cases=(*codec.cases(), *match.cases(), *flow.cases()), held=tuple(holdings.held())
)
