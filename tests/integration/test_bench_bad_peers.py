"""A peer that is missing, refuses, keeps silent or crashes: its row says so, the rest goes on."""

from pathlib import Path

import pytest

from bench.command import measure
from bench.load import compile_load
from bench.peers.build import build
from bench.peers.robustmq import RobustMQ
from bench.process import PeerUnavailable
from bench.results import Row
from bench.scenario import Scenario, Tools
from bench.scenarios.storm import ConnectionStorm
from bench.workloads import Workload
from bench_kit import Absent, Fake
from real_clients.needed import need_program


@pytest.fixture
def tools(tmp_path: Path) -> Tools:
    need_program("cc", "gcc")
    return Tools(compile_load(tmp_path), tmp_path)


@pytest.fixture
def wanted() -> list[Scenario]:
    """One that keeps brokers up, one that needs fresh ones, and again one that keeps them up."""
    workload = Workload("pair", "pair", 1, 1, 0, 10, seconds=0.1)
    workload.arguments["patience"] = 1.0
    fanout = Workload("fanout", "fanout", 1, 2, 1, 10, seconds=0.1)
    fanout.arguments["patience"] = 1.0
    return [workload, ConnectionStorm(20), fanout]


def _rows(tools: Tools, peer: Absent | Fake, wanted: list[Scenario]) -> dict[tuple[str, str], Row]:
    results = measure([RobustMQ(), peer], wanted, tools, 2, "make bench")
    return {(row.scenario, row.peer): row for row in results.rows()}


def _ours_is_measured(rows: dict[tuple[str, str], Row]) -> None:
    ours = [row for (_, peer), row in rows.items() if peer == "robustmq"]
    assert len(ours) == 3
    assert all(row.cells and not row.note for row in ours)


def test_one_that_is_missing(tools: Tools, wanted: list[Scenario]) -> None:
    rows = _rows(tools, Absent(), wanted)
    assert {rows[name, "absent"].note for name in ("pair", "connection-storm", "fanout")} == {
        "not measured: not installed"
    }
    _ours_is_measured(rows)


def test_one_that_refuses(tools: Tools, wanted: list[Scenario]) -> None:
    rows = _rows(tools, Fake("refuse"), wanted)
    for name in ("pair", "connection-storm", "fanout"):
        assert rows[name, "refuse"].note == "does not start: it refuses a connection: 0x05"
    _ours_is_measured(rows)


def test_one_that_never_answers(tools: Tools, wanted: list[Scenario]) -> None:
    rows = _rows(tools, Fake("silent", patience=0.5), wanted)
    assert "answers no CONNECT within 0.5 s" in rows["pair", "silent"].note
    _ours_is_measured(rows)


def test_one_that_crashes_is_started_again(tools: Tools, wanted: list[Scenario]) -> None:
    rows = _rows(tools, Fake("crash"), wanted)
    for name in ("pair", "fanout"):
        assert rows[name, "crash"].note == "crashed: ended with status 7: no memory left"
    # It does not crash as long as nobody subscribes.
    assert rows["connection-storm", "crash"].cells["reconnect rate"].ratio
    _ours_is_measured(rows)


def test_one_that_does_not_go_on(tools: Tools, wanted: list[Scenario]) -> None:
    rows = _rows(tools, Fake("deaf"), wanted)
    assert rows["pair", "deaf"].note == "the broker did not answer in time"
    _ours_is_measured(rows)


def test_a_peer_whose_tool_is_missing_says_what_to_install() -> None:
    with pytest.raises(PeerUnavailable, match=r"no-such-tool is not installed \(on Debian: apt"):
        build("mochi", {"no-such-tool": "golang"}, [["false"]])
