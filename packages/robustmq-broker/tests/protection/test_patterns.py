import time

import pytest

from robustmq_broker.protection.patterns import compile_pattern


def test_a_match_may_be_anywhere_unless_the_pattern_says_where() -> None:
    assert compile_pattern("ev[i1]l")("an evil client")
    assert not compile_pattern("^ev[i1]l$")("an evil client")
    assert compile_pattern("^é+$")("ééé")


@pytest.mark.parametrize("pattern", ["(", "[a", "*", r"(a)\1", "(?=a)", "a{1,9999}", "(?P<x"])
def test_what_cannot_be_matched_in_linear_time_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        compile_pattern(pattern)


@pytest.mark.serial
def test_no_text_takes_long() -> None:
    matches = compile_pattern("(a+)+$")
    begin = time.perf_counter()
    assert not matches("a" * 65_534 + "b")
    assert time.perf_counter() - begin < 0.5
