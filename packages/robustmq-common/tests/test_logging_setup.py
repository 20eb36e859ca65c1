import io
import json
import logging
import os
import re
import resource
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from robustmq_common.errors import ConfigError
from robustmq_common.logging_setup import set_up_logging


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """The log is a process's; a test must not leave its own behind."""
    root = logging.getLogger()
    level = root.level
    yield
    for handler in our_handlers():
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def our_handlers() -> list[logging.Handler]:
    handlers = logging.getLogger().handlers
    return [one for one in handlers if type(one).__module__.startswith("robustmq")]


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def records(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_text_is_the_default(stream: io.StringIO) -> None:
    set_up_logging(stream=stream).info("listener started", listener="tcp")
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info    listener started +listener=tcp\n"
    assert re.fullmatch(pattern, stream.getvalue())


def test_json_has_an_object_per_line(stream: io.StringIO) -> None:
    log = set_up_logging(format="json", stream=stream)
    log.info("one", peer="a\nb")
    log.warning("two", password="hunter2")
    one, two = records(stream.getvalue())
    assert (one["level"], one["event"], one["peer"]) == ("info", "one", "a\nb")
    assert (two["level"], two["password"]) == ("warning", "(redacted)")


@pytest.mark.parametrize(
    ("level", "written"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_the_level_is_the_least_written(
    stream: io.StringIO, level: str, written: list[str]
) -> None:
    log = set_up_logging(level, "json", stream=stream)
    for method in (log.debug, log.info, log.warning, log.error):
        method("x")
    assert [one["level"] for one in records(stream.getvalue())] == written


def test_colours_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    set_up_logging(stream=terminal).error("x")
    assert "\x1b[" in terminal.getvalue()
    set_up_logging(stream=stream).error("x")
    assert "\x1b[" not in stream.getvalue()
    monkeypatch.setenv("NO_COLOR", "1")
    plain = Terminal()
    set_up_logging(stream=plain).error("x")
    assert "\x1b[" not in plain.getvalue()


def test_exceptions_are_told(stream: io.StringIO) -> None:
    log = set_up_logging(format="json", stream=stream)
    try:
        raise ValueError("the reason")
    except ValueError as error:
        log.error("failed", exc_info=error)
    assert "ValueError: the reason" in records(stream.getvalue())[0]["exception"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_values_that_break_do_not_break_the_caller(stream: io.StringIO, form: str) -> None:
    log = set_up_logging(format=form, stream=stream)
    loop: list[Any] = []
    loop.append(loop)
    log.info("first", value=Unprintable())
    log.info("second", value={(1, 2): 3}, loop=loop)
    log.info("third", exc_info="not an exception")  # noqa: LOG014 - a mistake
    lines = stream.getvalue().splitlines()
    assert [word for line in lines for word in re.findall("first|second|third", line)] == [
        "first",
        "second",
        "third",
    ]
    assert "RuntimeError" in lines[0]


def test_the_standard_library_logs_in_the_same_form(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO
) -> None:
    set_up_logging(format="json", stream=stream)
    # pytest's own handler raises at a record whose arguments do not fit.
    monkeypatch.setattr(logging.getLogger(), "handlers", our_handlers())
    logger = logging.getLogger("some.library")
    logger.warning("slow: %d s", 3)
    logger.warning("wrong: %d", "x")
    logger.debug("not written")
    logger.critical("bad")
    try:
        raise ValueError("the reason")
    except ValueError:
        logger.exception("failed")
    slow, wrong, bad, failed = records(stream.getvalue())
    assert (slow["event"], slow["logger"], slow["level"]) == (
        "slow: 3 s",
        "some.library",
        "warning",
    )
    assert "arguments do not fit" in wrong["event"]
    assert bad["level"] == "error"
    assert "ValueError: the reason" in failed["exception"]


def test_warnings_are_logged(stream: io.StringIO) -> None:
    set_up_logging(format="json", stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old", UserWarning, stacklevel=1)
    assert "UserWarning: old" in records(stream.getvalue())[0]["event"]


def test_setting_up_again_replaces_the_log(stream: io.StringIO, tmp_path: Path) -> None:
    set_up_logging(file=str(tmp_path / "first.log"))
    set_up_logging(format="json", stream=stream)
    logging.getLogger("x").warning("once")
    assert len(records(stream.getvalue())) == 1
    assert (tmp_path / "first.log").read_text() == ""


def test_a_file_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "broker.log"
    path.write_text("before\n")
    set_up_logging(file=str(path)).info("x", text="\ud800")
    before, line = path.read_text().splitlines()
    assert before == "before"
    assert line.endswith(r'text="\ud800"')


def test_a_file_that_is_moved_away_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "broker.log"
    log = set_up_logging(file=str(path))
    log.info("one")
    path.rename(tmp_path / "broker.log.1")
    log.info("two")
    assert "one" in (tmp_path / "broker.log.1").read_text()
    assert "two" in path.read_text()
    assert "one" not in path.read_text()


def test_a_file_that_cannot_be_written_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r'log\.file = ".*": cannot write there: no such file'):
        set_up_logging(file=str(tmp_path / "missing" / "broker.log"))


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Callable[[int], None]]:
    """Limits how large this process's files may get; the error is as that of a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("form", ["text", "json"])
def test_lost_lines_are_counted_and_told(
    tmp_path: Path, form: str, full_disk: Callable[[int], None]
) -> None:
    path = tmp_path / "broker.log"
    log = set_up_logging(format=form, file=str(path))
    log.info("one")
    full_disk(path.stat().st_size)
    log.info("two")
    log.info("three")
    full_disk(2**30)
    log.info("four")
    one, lost, four = path.read_text().splitlines()
    assert "one" in one
    assert "log lines lost" in lost
    assert re.search('lines(=|": )2', lost)
    assert "four" in four


def test_a_stream_that_is_gone_bothers_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    stream = os.fdopen(writing, "w")
    log = set_up_logging(stream=stream)
    log.info("one")
    with pytest.raises(BrokenPipeError):
        stream.close()
    log.info("two")
