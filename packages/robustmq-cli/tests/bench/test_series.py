import json

from robustmq_cli.bench.series import Series
from robustmq_cli.bench.tally import Counts, Report, Total
from robustmq_common.histogram import Histogram


def test_rates_are_those_between_two_looks() -> None:
    total = Total(1)
    series = Series(100.0)
    series.begin(101.0)
    histogram = Histogram()
    histogram.record(50, 99)
    histogram.record(100, 1)
    total.take(0, Report(Counts(connected=4, sent=10), {"x": 1}, {"acknowledge": histogram}))
    series.add(total, 102.0)
    total.take(0, Report(Counts(connected=4, sent=110, received=50), {"x": 1}))
    series.add(total, 104.0)
    first, second = series.points
    assert (first.seconds, first.connected, first.sent_rate, first.connect_rate) == (1, 4, 5, 2)
    assert (first.p50_us, first.p99_us, first.errors) == (50, 50, 1)
    assert (second.seconds, second.sent_rate, second.received_rate, second.p50_us) == (3, 50, 25, 0)
    assert json.loads(json.dumps(series.to_json()))[1]["sent_rate"] == 50


def test_a_long_run_forgets_its_beginning() -> None:
    series = Series(0.0, kept=3)
    for second in range(5):
        series.add(Total(1), float(second))
    assert [point.seconds for point in series.points] == [2, 3, 4]
