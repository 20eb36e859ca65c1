import json

import pytest

from robustmq_cli.bench import tally
from robustmq_cli.bench.tally import Counts, Errors, Report, Total, report_from_json
from robustmq_common.histogram import Histogram


def latency(*values: int) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


def test_counts_add_up() -> None:
    total = Counts(connected=1, sent=5).plus(Counts(connected=2, lost=3))
    assert total == Counts(connected=3, sent=5, lost=3)


def test_errors_are_counted_by_reason() -> None:
    errors = Errors()
    errors.count("one")
    errors.count("two", 4)
    errors.count("none", 0)
    assert errors.by_reason == {"one": 1, "two": 4}
    assert errors.total() == 5


def test_there_are_not_more_reasons_than_fit() -> None:
    errors = Errors()
    for number in range(tally.MOST_REASONS * 2):
        errors.count(f"reason {number}")
    assert len(errors.by_reason) == tally.MOST_REASONS + 1
    assert errors.by_reason[tally.OTHER] == tally.MOST_REASONS
    errors.count("reason 0")
    assert errors.by_reason["reason 0"] == 2


def test_a_report_goes_through_json() -> None:
    report = Report(Counts(sent=3), {"x": 2}, {"connect": latency(5)}, 1, 2, 3, 4, 0.5)
    again = report_from_json(json.loads(json.dumps(report.to_json())))
    assert again.to_json() == report.to_json()
    assert again.latencies["connect"].total == 5


@pytest.mark.parametrize("document", [{}, {"counts": {"unknown": 1}}])
def test_nonsense_is_no_report(document: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError)):
        report_from_json(document)


def test_a_total_takes_the_last_counts_and_all_latencies() -> None:
    total = Total(2)
    total.take(0, Report(Counts(sent=1), {"x": 1}, {"connect": latency(10)}, 0, 0, 1_000, 0))
    total.take(0, Report(Counts(sent=5), {"x": 2}, {"connect": latency(20)}, 0, 0, 1_000, 2_000))
    total.take(1, Report(Counts(sent=7), {"y": 9}, {}, 500, 900, 1_500, 3_000_000))
    total.own_errors.count("own")
    assert total.counts().sent == 12
    assert list(total.errors().items()) == [("y", 9), ("x", 2), ("own", 1)]
    assert total.latencies["connect"].total == 30
    assert total.take_interval()["connect"].count == 2
    assert total.take_interval()["connect"].count == 0
    assert total.seconds() == pytest.approx(2.999)
    assert total.connect_seconds() == pytest.approx(0.0004)


def test_nothing_takes_no_time() -> None:
    assert Total(1).seconds() == 0


def test_the_latency_in_the_foreground_is_the_most_telling() -> None:
    latencies = tally.empty_latencies()
    assert tally.foreground(latencies) is latencies[tally.CONNECT]
    latencies[tally.ACKNOWLEDGE].record(1)
    assert tally.foreground(latencies) is latencies[tally.ACKNOWLEDGE]
    latencies[tally.END_TO_END].record(1)
    assert tally.foreground(latencies) is latencies[tally.END_TO_END]
