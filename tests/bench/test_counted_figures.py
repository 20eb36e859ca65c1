"""What is said of a figure beside the accepted one, and how figures are kept."""

from pathlib import Path

import pytest

from bench.counted import figures
from bench.counted.count import Figure
from bench.counted.toolchain import Toolchain

HERE = Toolchain("cpython 3.11 compiled x86_64", {"python": "3.11.7", "cc": "12"})


def verdict(before: float, now: float) -> str:
    figure = Figure("pair/qos0", "instructions/message", now)
    (row,) = figures.compare({"pair/qos0": before}, [figure], 0.03)
    return row.verdict


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (1000.0, 1000.0, "ok"),
        (1000.0, 1030.0, "ok"),
        (1000.0, 970.0, "ok"),
        (1000.0, 1030.1, "worse"),
        (1000.0, 969.9, "better"),
        (0.0, 0.0, "ok"),
        (0.0, 0.1, "worse"),
    ],
)
def test_a_figure_is_judged_by_the_tolerance(before: float, now: float, expected: str) -> None:
    assert verdict(before, now) == expected


def test_a_case_without_an_accepted_figure_and_a_figure_without_a_case_fail() -> None:
    rows = list(figures.compare({"old": 5.0}, [Figure("other", "bytes/thing", 7.0)], 0.03))
    assert [(row.name, row.verdict) for row in rows] == [("other", "new"), ("old", "gone")]
    assert [row.change for row in rows] == [None, None]
    assert all(row.verdict in figures.FAILURES for row in rows)


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [(200.0, 250.0, 0.25), (200.0, 100.0, -0.5), (0.0, 0.0, 0.0), (0.0, 1.0, float("inf"))],
)
def test_the_change_is_a_part_of_the_accepted_figure(
    before: float, now: float, change: float
) -> None:
    (row,) = figures.compare({"a": before}, [Figure("a", "", now)], 0.03)
    assert row.change == pytest.approx(change)


def test_what_is_accepted_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    assert figures.read(path) == {}
    figures.accept(path, HERE, {"a": 1.25, "b": 2.0})
    assert figures.read(path) == {HERE.key: figures.Accepted(HERE.versions, {"a": 1.2, "b": 2.0})}


def test_figures_of_another_toolchain_stay(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    other = Toolchain("cpython 3.12 compiled x86_64", {})
    figures.accept(path, HERE, {"a": 1.0})
    figures.accept(path, other, {"a": 2.0})
    figures.accept(path, HERE, {"a": 3.0})
    found = figures.read(path)
    assert {key: one.figures["a"] for key, one in found.items()} == {HERE.key: 3.0, other.key: 2.0}


def test_versions_that_differ_are_named() -> None:
    assert HERE.differences(HERE.versions) == []
    assert HERE.differences({"python": "3.11.2", "cc": "12", "mypy": "2"}) == [
        "mypy 2, here (none)",
        "python 3.11.2, here 3.11.7",
    ]
