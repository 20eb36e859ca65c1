from datetime import datetime
from typing import Any

import pytest

from robustmq_cli.ctl.ctl_options import place
from robustmq_common.errors import CallerError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("earliest", "earliest"),
        ("latest", "latest"),
        ("17", {"offset": 17}),
        ("2023-11-14T22:13:20Z", {"timestamp": 1_700_000_000.0}),
        ("2023-11-14T23:13:20.5+01:00", {"timestamp": 1_700_000_000.5}),
    ],
)
def test_places_are_offsets_times_and_ends(text: str, expected: Any) -> None:
    assert place(text) == expected


def test_times_are_local_unless_they_say_otherwise() -> None:
    expected = datetime(2023, 11, 14, 22, 13, 20).timestamp()  # noqa: DTZ001 - that is the point
    assert place("2023-11-14T22:13:20") == {"timestamp": expected}


@pytest.mark.parametrize("text", ["", "-1", "now", "12:00", "9" * 30])
def test_others_are_refused(text: str) -> None:
    with pytest.raises(CallerError, match="is no place in a log"):
        place(text)
