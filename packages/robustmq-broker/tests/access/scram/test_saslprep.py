"""The examples of RFC 4013 section 3, and what is not allowed."""

import pytest

from robustmq_broker.access.scram.saslprep import saslprep


@pytest.mark.parametrize(
    ("given", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u0627\u0628", "\u0627\u0628"),
    ],
)
def test_examples(given: str, prepared: str) -> None:
    assert saslprep(given) == prepared


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("\u0007", r"U\+0007"),
        ("\u06271", "begin and end"),
        ("\u0627a\u0627", "both directions"),
        ("", "nothing is left"),
        ("\u00ad", "nothing is left"),
        ("\U000e0041", "not allowed"),
        ("\U0001f600", "not allowed"),
    ],
)
def test_what_cannot_be_a_name(given: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        saslprep(given)
