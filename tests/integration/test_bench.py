"""The benchmark measures a real broker, counts every message, and says what it cannot measure."""

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import compare, report
from bench.load import LoadError, compile_load, run_load
from bench.measure import Field, Row, rows
from bench.peers import BASE, Peer, RobustMQ
from bench.process import PeerUnavailable, Process
from bench.workloads import V5, WORKLOADS, Workload, chosen
from broker_process import BrokerProcess
from real_clients.needed import need_program
from robustmq_common import implementation

SMALL = [
    Workload("pair", "pair", 2, 2, 0, 10),
    Workload("fanout", "fanout", 1, 3, 1, 10, payload=1024, level=V5),
    Workload("fanin", "fanin", 3, 1, 2, 10),
    Workload("paced", "pair", 1, 1, 1, 10, rate=100),
]


class Absent(Peer):
    name = BASE

    def start(self, folder: Path) -> Process:
        raise PeerUnavailable("not installed")


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_program("cc", "gcc")
    return compile_load(tmp_path_factory.mktemp("load"))


@pytest.fixture
def field(tmp_path: Path) -> Iterator[Field]:
    field = Field([Absent(), RobustMQ(implementation.running())], tmp_path)
    yield field
    field.stop()


def test_a_peer_is_measured_and_a_missing_one_says_why(program: Path, field: Field) -> None:
    for workload in SMALL:
        runs, failed = field.measure(program, workload, rounds=2, seconds=0.1)
        missing, ours = rows(workload, field, runs, failed)
        assert missing.note == "not measured: not installed"
        assert "not measured: not installed" in report.line(missing)
        assert not ours.note
        assert ours.per_second > 0
        assert ours.p50_ms <= ours.p99_ms
        assert ours.speed is None
        assert len(runs) == 2
        for run in runs:
            expected = run.load.sent * (3 if workload.shape == "fanout" else 1)
            assert run.load.received == run.load.expected == expected > 0


def test_a_peer_of_another_form_says_so(tmp_path: Path) -> None:
    other = "plain" if implementation.running() == "compiled" else "compiled"
    field = Field([RobustMQ(other)], tmp_path)
    try:
        # In an environment with compiled modules, both forms can be had.
        if field.missing:
            assert "installed modules are" in field.missing[f"robustmq {other}"]
            assert other == "compiled"
    finally:
        field.stop()


def test_a_broker_that_refuses_is_named(program: Path, broker: BrokerProcess) -> None:
    broken = Workload("bad", "pair", 1, 1, 0, 10, level=77)
    with pytest.raises(LoadError, match="refused a connection: 0x84"):
        run_load(program, broker.port, broken, 0.1)


def test_workloads_are_chosen_by_name() -> None:
    assert chosen(None) == list(WORKLOADS)
    assert [one.name for one in chosen("fanin-qos2,pair-qos0")] == ["fanin-qos2", "pair-qos0"]
    with pytest.raises(ValueError, match="no workload pear; there are pair-qos0"):
        chosen("pear")


def test_means_leave_paced_workloads_out() -> None:
    table = [
        Row("pair-qos0", BASE, 10.0, speed=1.0, cpu=1.0),
        Row("pair-qos0", "robustmq plain", 80.0, speed=8.0, cpu=4.0),
        Row("fanin-qos0", "robustmq plain", 20.0, speed=2.0, cpu=1.0),
        Row("paced-qos0", "robustmq plain", 10.0, speed=1.0, cpu=0.5),
    ]
    mean = report.means(table, list(WORKLOADS))["robustmq plain"]
    assert mean == pytest.approx({"speed": 4.0, "cpu": 2.0, "slowest": 2.0})


def test_the_picture_has_a_bar_for_every_ratio() -> None:
    table = [
        Row("a", BASE, 10.0, speed=1.0, cpu=1.0),
        Row("a", "robustmq plain", 80.0, speed=8.0, cpu=4.0),
        Row("<b>", "robustmq compiled", 20.0, speed=2.5, cpu=1.0),
        Row("c", "robustmq compiled", note="not measured: because"),
    ]
    root = ET.fromstring(report.picture(table, "a & b"))
    said = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"8.0x", "2.5x", "<b>", "a & b"} <= set(said)
    assert "c" not in said


def test_the_command_writes_what_it_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_program("cc", "gcc")
    arguments = ["--rounds", "1", "--seconds", "0.1", "--only", "pair-qos1"]
    assert compare.main([*arguments, "--results", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert printed.count("pair-qos1") == 3
    measured = json.loads((tmp_path / "compare.json").read_text())
    assert {row["peer"] for row in measured["rows"]} == set(measured["brokers"])
    ET.parse(tmp_path / "compare.svg")
