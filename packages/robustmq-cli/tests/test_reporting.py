import re

import pytest
import typer
from typer.testing import CliRunner

from robustmq_cli import bench, server
from robustmq_cli.instance import ListenerState
from robustmq_cli.readiness import Reporter
from robustmq_cli.reporting import columns, elapsed, errors_told, listener_lines
from robustmq_common.errors import ConfigError, ListenError


class Recorder(Reporter):
    def __init__(self) -> None:
        super().__init__(None)
        self.said: list[tuple[str, int]] = []

    def failed(self, error: str, exit_code: int) -> None:
        self.said.append((error, exit_code))


def code_of(error: BaseException, reporter: Reporter | None = None) -> int:
    with pytest.raises(typer.Exit) as ended, errors_told(reporter):
        raise error
    return ended.value.exit_code


def test_each_problem_is_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(ConfigError("one\ntwo")) == 78
    captured = capsys.readouterr()
    assert captured.err == "error: one\nerror: two\n"
    assert captured.out == ""


def test_errors_are_reported_to_whoever_started_us() -> None:
    recorder = Recorder()
    assert code_of(ListenError("no"), recorder) == 69
    assert code_of(ValueError("oops"), recorder) == 70
    assert recorder.said[0] == ("no", 69)
    assert recorder.said[1][0].startswith("ValueError: oops (a bug")


def test_a_bug_says_so_and_shows_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(ValueError("oops")) == 70
    text = capsys.readouterr().err
    assert "Traceback" in text
    assert text.splitlines()[-1].startswith("error: ValueError: oops (a bug in RobustMQ")


def test_an_interrupt_needs_no_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert code_of(KeyboardInterrupt()) == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("error", [typer.Exit(3), typer.Abort(), BrokenPipeError()])
def test_what_typer_handles_is_left_to_it(error: BaseException) -> None:
    with pytest.raises(type(error)), errors_told():
        raise error


def test_columns_are_aligned() -> None:
    rows = [("a", "b", "c"), ("long", "x" * 10, "d"), ("e", "y" * 20, "f")]
    assert columns(rows, indent=" ", widest=12) == [
        " a     b             c",
        " long  xxxxxxxxxx    d",
        " e     yyyyyyyyyyyyyyyyyyyy  f",
    ]
    assert columns([]) == []


def test_listeners_are_a_table() -> None:
    states = [
        ListenerState("tcp", "mqtt", "tcp", "127.0.0.1:1883"),
        ListenerState("second", "mqtt", "tcp", "[::1]:1883"),
    ]
    assert listener_lines(states) == [
        "  tcp     mqtt over tcp  127.0.0.1:1883",
        "  second  mqtt over tcp  [::1]:1883",
    ]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0s"),
        (0.9, "0s"),
        (59, "59s"),
        (60, "1m"),
        (3661, "1h 1m"),
        (7200, "2h"),
        (90061, "1d 1h"),
    ],
)
def test_elapsed_time_has_two_units(seconds: float, text: str) -> None:
    assert elapsed(seconds) == text


def test_a_command_tells_its_version() -> None:
    for app, name in ((bench.app, "robust-bench"), (server.app, "robust-server")):
        told = CliRunner().invoke(app, ["--version"])
        assert told.exit_code == 0
        assert re.fullmatch(rf"{name} \d+\.\d+\.\d+ \(.+\)\n", told.stdout)
