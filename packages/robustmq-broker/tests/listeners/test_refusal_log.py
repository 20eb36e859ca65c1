"""A flood of refusals is no flood of log lines."""

from robustmq_broker.listeners.refusal_log import LINES_MAX, PERIOD, RefusalLog
from robustmq_common.testing import FakeTimers, RecordingLog


def test_the_first_are_logged_and_the_rest_counted() -> None:
    log, timers = RecordingLog(), FakeTimers()
    refusals = RefusalLog("tcp", log, timers)
    for number in range(LINES_MAX + 5):
        refusals.note(f"10.0.0.1:{number}", "full")
    assert len(log.entries) == LINES_MAX
    assert log.entries[0] == (
        "warning",
        "connection refused",
        {"peer": "10.0.0.1:0", "listener": "tcp", "reason": "full"},
    )
    timers.advance(PERIOD)
    assert log.entries[-1] == (
        "warning",
        "more connections refused",
        {"listener": "tcp", "connections": 5, "within": "1s"},
    )


def test_after_a_quiet_period_the_next_ones_are_logged_again() -> None:
    log, timers = RecordingLog(), FakeTimers()
    refusals = RefusalLog("tcp", log, timers)
    refusals.note("10.0.0.1:1", "full")
    timers.advance(PERIOD)
    refusals.note("10.0.0.1:2", "full")
    assert [fields["peer"] for _, _, fields in log.entries] == ["10.0.0.1:1", "10.0.0.1:2"]
