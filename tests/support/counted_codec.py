"""A suite of one real case, which takes less to import than the broker does."""

from typing import Final

from bench.counted import codec
from bench.counted.case import Suite

SUITE: Final = Suite(cases=(next(codec.cases()),), held=())
