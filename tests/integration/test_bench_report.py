"""What was measured becomes medians, ratios, a page and a picture."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import chart, page
from bench.measure import Run, pairs
from bench.results import Cell, Column, Measured, Results
from bench.scenario import HIGHER, LOWER
from bench.scenarios.subscriptions import subscription
from bench.scenarios.wildcards import MASKS, masked
from bench_kit import Absent, Fake

SPEED = Column("messages", "msg/s", HIGHER, True)
CPU = Column("CPU", "us/msg", LOWER, True)


def _run(scenario: str, pair: str, number: int, peer: str, speed: float, cpu: float) -> Run:
    return Run(scenario, pair, number, peer, {"messages": speed, "CPU": cpu})


@pytest.fixture
def results() -> Results:
    runs = [
        _run("a", "mosquitto", 0, "robustmq", 100.0, 1.0),
        _run("a", "mosquitto", 0, "mosquitto", 10.0, 4.0),
        _run("a", "mosquitto", 1, "mosquitto", 20.0, 2.0),
        _run("a", "mosquitto", 1, "robustmq", 600.0, 1.0),
        _run("a", "mosquitto", 2, "robustmq", 200.0, 1.0),
        _run("a", "mosquitto", 2, "mosquitto", 10.0, 3.0),
        _run("b", "mosquitto", 0, "robustmq", 50.0, 2.0),
        _run("b", "mosquitto", 0, "mosquitto", 10.0, 6.0),
        Run("a", "fake", 0, "fake", failed="crashed: a | b"),
        Run("b", "fake", 0, "fake", {"messages": 5.0, "CPU": 1.0}, fault="3 lost"),
    ]
    known = {"about": "C", "version": "1"}
    return Results(
        when="2026-01-02T03:04:05+00:00",
        command="make bench",
        commit="abc",
        rounds=3,
        minutes=2.0,
        machine={"processors": "2"},
        peers={
            "robustmq": {**known, "command": "run PORT"},
            "mosquitto": {**known, "command": "mosquitto -c DIR/mosquitto.conf"},
            "fake": known,
            "absent": {**known, "missing": "not installed"},
        },
        scenarios=[
            Measured("a", "what a does", True, [SPEED, CPU]),
            Measured("b", "what b does", True, [SPEED, CPU]),
        ],
        runs=runs,
    )


def test_rows_have_medians_and_the_medians_of_ratios(results: Results) -> None:
    rows = {(row.scenario, row.peer): row for row in results.rows()}
    assert rows["a", "robustmq"].cells["messages"] == Cell(200.0)
    assert rows["a", "mosquitto"].cells["messages"] == Cell(10.0, 20.0)
    assert rows["a", "mosquitto"].cells["CPU"].value == 3.0
    assert rows["a", "mosquitto"].cells["CPU"].ratio == pytest.approx(3.0)
    assert rows["a", "fake"].note == "crashed: a | b"
    assert not rows["a", "fake"].cells
    assert rows["b", "fake"].note == "3 lost"
    assert rows["b", "absent"].note == "not measured: not installed"


def test_means_are_geometric(results: Results) -> None:
    means = results.means("messages")
    assert set(means) == {"mosquitto"}
    assert means["mosquitto"] == pytest.approx((10.0, 5.0, 2))


def test_what_is_written_is_read_again(results: Results, tmp_path: Path) -> None:
    results.write(tmp_path / "results.json")
    assert Results.read(tmp_path / "results.json") == results


def test_the_page_names_all_peers_and_what_went_wrong(results: Results) -> None:
    text = page.page(results, "picture.svg")
    assert "| mosquitto | 10.0 (20.0x) | 3.00 (3.00x) |  |" in text
    assert "| fake |  |  | crashed: a \\| b |" in text
    assert "| fake | 5.00 | 1.00 | 3 lost |" in text
    assert "| absent |  |  | not measured: not installed |" in text
    assert "| mosquitto 1 (C) | 10.0x | 5.00x |" in text
    assert "![Messages per second and CPU per message of each broker](picture.svg)" in text


def test_a_scenario_with_many_figures_has_a_table_for_each_unit(results: Results) -> None:
    many = [Column(f"x{number}", f"unit{number % 2}", HIGHER, False) for number in range(10)]
    results.scenarios[0] = Measured("a", "what a does", True, many)
    heads = [
        line for line in page.page(results, "").splitlines() if line.startswith("| broker | x")
    ]
    assert [head.count("unit0") for head in heads] == [5, 0]
    assert [head.count("unit1") for head in heads] == [0, 5]


def test_the_picture_has_a_bar_for_every_figure(results: Results) -> None:
    root = ET.fromstring(chart.picture(results))
    space = "{http://www.w3.org/2000/svg}"
    said = [text.text for text in root.iter(f"{space}text")]
    assert {"a", "b", "200", "10", "not measured", "mosquitto"} <= set(said)
    assert "absent" not in said
    background_and_legend = 1 + 3
    assert len(list(root.iter(f"{space}rect"))) == background_and_legend + 2 * 5


@pytest.mark.parametrize(
    ("value", "text"), [(5, "5"), (1234.5, "1.23k"), (2_500_000, "2.5M"), (0.0712, "0.0712")]
)
def test_short_numbers(value: float, text: str) -> None:
    assert chart.short(value) == text


def test_ours_is_paired_with_each_other() -> None:
    first, second = Fake("one"), Fake("two")
    ours = Absent()
    ours.name = "robustmq"
    assert pairs([first, ours, second]) == [[ours, first], [ours, second]]
    assert pairs([first, second]) == [[first], [second]]
    assert pairs([ours]) == [[ours]]


@pytest.mark.parametrize(
    ("mask", "topic_filter"),
    [("=+=#", "a/+/c/#"), ("+=====", "+/b/c/d/e/f"), ("=====+++", None), ("=#", "a/#")],
)
def test_a_mask_makes_a_filter(mask: str, topic_filter: str | None) -> None:
    assert masked(mask, ["a", "b", "c", "d", "e", "f"]) == topic_filter


def test_masks_are_different() -> None:
    assert len(set(MASKS)) == len(MASKS)


def test_a_third_of_the_subscriptions_have_wildcards() -> None:
    made = [subscription(number)[0] for number in range(6000)]
    assert len(set(made)) == 6000
    # 334 of every thousand.
    assert sum("+" in one or "#" in one for one in made) == 2004
