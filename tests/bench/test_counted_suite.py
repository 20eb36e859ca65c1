"""The counted cases do what they say, from the first step to the last; without counting."""

from dataclasses import replace

import pytest

from bench.counted.case import Case, Held
from bench.counted.child import exercise, measure
from bench.counted.suite import SUITE


@pytest.mark.parametrize("case", SUITE.cases, ids=[one.name for one in SUITE.cases])
def test_a_case_passes_its_own_check_at_the_end(case: Case) -> None:
    told: list[bytes] = []
    exercise(case, lambda: told.append(b"start"), told.append)
    assert told == [b"start", case.name.encode()]


@pytest.mark.parametrize("held", SUITE.held, ids=[one.name for one in SUITE.held])
def test_something_is_held_and_it_is_the_same_each_time(held: Held) -> None:
    few = replace(held, count=100)
    size, blocks = measure(few)
    assert size > 64
    assert blocks >= 1
    # In this process strings may be shared with what other tests left.
    assert measure(few)[0] == pytest.approx(size, rel=0.02)


def test_no_two_figures_have_the_same_name() -> None:
    names = [case.name for case in SUITE.cases] + [held.name for held in SUITE.held]
    assert len(set(names)) == len(names)
