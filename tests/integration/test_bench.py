"""The benchmark measures real brokers, counts every message, and writes what it found."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from bench import command
from bench.load import LoadRun, compile_load
from bench.measure import Bench, Step, steps
from bench.peers.base import Peer
from bench.peers.debian import Mosquitto
from bench.peers.robustmq import RobustMQ
from bench.results import Results
from bench.scenario import V5, Scenario, ScenarioFailed, Tools
from bench.scenarios import scenarios
from bench.workloads import Workload
from bench_kit import small_scenarios
from broker_process import BrokerProcess
from real_clients.needed import need_program
from wire import WireClient, code

THROUGHPUT = [
    Workload("pair", "pair", 2, 2, 0, 10, seconds=0.1),
    Workload("fanout", "fanout", 1, 3, 1, 10, payload=1024, level=V5, seconds=0.1),
    Workload("fanin", "fanin", 3, 1, 2, 10, seconds=0.1),
    Workload("paced", "pair", 1, 1, 1, 10, rate=100, seconds=0.1),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_program("cc", "gcc")
    return compile_load(tmp_path_factory.mktemp("load"))


@pytest.fixture
def tools(program: Path, tmp_path: Path) -> Tools:
    return Tools(program, tmp_path)


@pytest.mark.parametrize(
    ("broker_name", "scenario"),
    [
        pytest.param(name, scenario, id=f"{name}-{scenario.name}")
        for name in ("robustmq", "mosquitto")
        for scenario in [*THROUGHPUT, *small_scenarios()]
        if name == "robustmq" or not scenario.ours
    ],
)
def test_a_scenario_measures_a_real_broker(
    tools: Tools, scenario: Scenario, broker_name: str
) -> None:
    peer: Peer = RobustMQ()
    if broker_name == "mosquitto":
        need_program("mosquitto", "mosquitto")
        peer = Mosquitto()
    peer.prepare()
    bench = Bench(tools, lambda what: None)
    try:
        (run,) = bench.carry_out(Step(scenario, [peer], 1), 0)
    finally:
        bench.stop()
    assert not run.failed
    assert not run.fault
    main = [one for one in bench.figures[scenario.name] if one.main]
    assert main
    # Memory and processor time of so little work may be too little to be told.
    counted = [one for one in main if one.unit.endswith("/s")]
    assert all(run.figures[one.name] > 0 for one in counted)


def test_every_scenario_is_tested() -> None:
    assert [one.name for one in small_scenarios()] == [one.name for one in scenarios(quick=False)]


def test_load_says_what_the_broker_refused(program: Path, broker: BrokerProcess) -> None:
    arguments = {"port": broker.port, "shape": "pair", "publishers": 1, "subscribers": 1}
    with (
        LoadRun(program, {**arguments, "level": 77, "seconds": 0.1}) as run,
        pytest.raises(ScenarioFailed, match="refused a connection: 0x84"),
    ):
        run.ready(10)


def test_load_says_that_a_session_is_lost(program: Path, broker: BrokerProcess) -> None:
    with WireClient(broker.address, code.V311) as cleaner:
        cleaner.connect("load-s-0", clean=True)
        cleaner.disconnect()
    arguments = {"port": broker.port, "publishers": 1, "subscribers": 1, "qos": 1, "durable": 1}
    with (
        LoadRun(program, {**arguments, "waiting": 1, "seconds": 0.1}) as run,
        pytest.raises(ScenarioFailed, match="the broker has lost a session"),
    ):
        run.ready(10)


def test_load_leaves_messages_and_takes_them_later(program: Path, broker: BrokerProcess) -> None:
    arguments = {"port": broker.port, "publishers": 1, "subscribers": 1, "qos": 1, "durable": 1}
    with LoadRun(program, {**arguments, "away": 1, "messages": 50, "seconds": 5}) as run:
        run.ready(10)
        left = run.go()
    assert (left.sent, left.received, left.fault) == (50, 0, "")
    arguments |= {"waiting": 50, "messages": 0, "pings": 1}
    with LoadRun(program, {**arguments, "seconds": 5}) as run:
        run.ready(10)
        taken = run.go()
    assert (taken.sent, taken.received, taken.fault) == (0, 50, "")
    assert taken.ping_us > 0


def test_load_names_a_wrong_argument(program: Path) -> None:
    with (
        LoadRun(program, {"pear": 1, "seconds": 0.1}) as run,
        pytest.raises(ScenarioFailed, match="unknown argument: pear=1"),
    ):
        run.ready(10)


def test_what_is_only_ours_is_measured_once_and_alone() -> None:
    ours = next(one for one in small_scenarios() if one.ours)
    peers: list[Peer] = [RobustMQ(), RobustMQ(plain=True), Mosquitto()]
    planned = steps(peers, [THROUGHPUT[0], ours], 2)
    assert [(one.scenario.name, one.pair, one.runs) for one in planned] == [
        ("pair", "robustmq-plain", 4),
        ("pair", "mosquitto", 4),
        (ours.name, "", 1),
    ]
    assert not steps([Mosquitto()], [ours], 2)


def test_things_are_chosen_by_name() -> None:
    known = {"one": 1, "two": 2}
    assert command.chosen("two,one,two", known, "peer") == [2, 1]
    with pytest.raises(ValueError, match="no peer pear; there are one, two"):
        command.chosen("pear,one", known, "peer")


def test_a_wrong_name_ends_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--only", "pear-qos0"]) == 2
    assert "no scenario pear-qos0" in capsys.readouterr().err


def test_the_command_writes_what_it_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need_program("cc", "gcc")
    arguments = ["--quick", "--only", "pair-10-qos1", "--peers", "robustmq,robustmq-plain"]
    assert command.main([*arguments, "--results", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "[2 of 2," in printed
    assert "robustmq beside robustmq-plain: " in printed
    measured = json.loads((tmp_path / "benchmarks.json").read_text())
    assert {row["peer"] for row in measured["rows"]} == set(measured["peers"])
    assert all(row["cells"]["messages"]["value"] > 0 for row in measured["rows"])
    ET.parse(tmp_path / "benchmarks.svg")
    page = (tmp_path / "benchmarks.md").read_text()
    assert "### pair-10-qos1" in page
    assert str(tmp_path) not in page

    # What was written can be read, and shown again.
    before = Results.read(tmp_path / "benchmarks.json").rows()
    (tmp_path / "benchmarks.md").unlink()
    assert command.main(["--render", "--results", str(tmp_path)]) == 0
    assert (tmp_path / "benchmarks.md").read_text() == page
    assert Results.read(tmp_path / "benchmarks.json").rows() == before
