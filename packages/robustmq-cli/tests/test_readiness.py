import os
from collections.abc import Iterator

import pytest

from robustmq_cli.readiness import Report, Reporter, wait_for_report


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    os.close(reading)


def test_ready_is_reported(pipe: tuple[int, int]) -> None:
    Reporter(pipe[1]).ready()
    assert wait_for_report(pipe[0], 5) == Report(ready=True)


def test_failure_is_reported_with_all_its_lines(pipe: tuple[int, int]) -> None:
    error = "one\ntwo " + "x" * 10_000
    Reporter(pipe[1]).failed(error, 78)
    assert wait_for_report(pipe[0], 5) == Report(error=error, exit_code=78)


def test_only_the_first_word_counts(pipe: tuple[int, int]) -> None:
    reporter = Reporter(pipe[1])
    reporter.ready()
    reporter.failed("later", 1)
    reporter.ready()
    assert wait_for_report(pipe[0], 5) == Report(ready=True)


def test_an_end_without_a_word(pipe: tuple[int, int]) -> None:
    os.close(pipe[1])
    assert wait_for_report(pipe[0], 5) == Report()


def test_silence_times_out(pipe: tuple[int, int]) -> None:
    assert wait_for_report(pipe[0], 0.01) == Report(timed_out=True)
    os.close(pipe[1])


def test_children_of_the_server_do_not_inherit_the_pipe(pipe: tuple[int, int]) -> None:
    os.set_inheritable(pipe[1], True)
    reporter = Reporter(pipe[1])
    assert not os.get_inheritable(pipe[1])
    reporter.ready()


def test_the_server_does_not_mind_that_nobody_listens() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    Reporter(writing).ready()


def test_in_the_foreground_there_is_nobody_to_tell() -> None:
    reporter = Reporter(None)
    reporter.ready()
    reporter.failed("x", 1)
