import json
from pathlib import Path

import pytest
import typer
from misbehaving_broker import Behaviour, MisbehavingBroker

from robustmq_cli.bench.perform import perform
from robustmq_cli.bench.plan import CONN, Plan

PLAN = Plan(CONN, idle=1, client_id="x")


def performed(json_file: str | None, *, duration: float = 0.0, port: int = 0) -> int:
    """The exit code of a run."""
    with MisbehavingBroker(Behaviour()).running() as broker:
        plan = Plan(CONN, idle=1, client_id="x", port=port or broker.port, duration=duration)
        with pytest.raises(typer.Exit) as ended:
            perform(plan, json_file)
    return ended.value.exit_code


def test_the_table_goes_to_standard_output_and_progress_does_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert performed(None, duration=1.5) == 0
    told = capsys.readouterr()
    assert "errors: none" in told.out
    assert "1 connected" in told.err
    assert "\r" not in told.err
    assert "connected" not in told.out.splitlines()[0]


def test_the_document_takes_the_place_of_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert performed("-") == 0
    assert json.loads(capsys.readouterr().out)["totals"]["connected"] == 1


def test_the_document_goes_to_a_file_beside_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "result.json"
    assert performed(str(file)) == 0
    assert json.loads(file.read_text())["exit_code"] == 0
    assert "errors: none" in capsys.readouterr().out


def test_errors_make_the_exit_code_1(free_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert performed(None, port=free_port) == 1
    assert "1  connection refused" in capsys.readouterr().out


def test_a_file_that_cannot_be_written_is_told_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="cannot write"):
        perform(PLAN, str(tmp_path / "missing" / "result.json"))


def test_a_plan_that_cannot_be_is_a_wrong_argument() -> None:
    with pytest.raises(typer.BadParameter, match="at least one client") as caught:
        perform(Plan(CONN), None)
    assert caught.value.param_hint == "--clients"
