import json
from dataclasses import replace

import pytest

from robustmq_cli.bench.plan import PUB, ROUNDTRIP, SUB, Plan
from robustmq_cli.bench.series import Series
from robustmq_cli.bench.summary import Summary, counted, progress_line
from robustmq_cli.bench.tally import Counts, Report, Total
from robustmq_common.histogram import Histogram

PLAN = Plan(ROUNDTRIP, publishers=2, subscribers=1, topic="t", qos=1, username="u", password="p")
COUNTS = Counts(
    connected=3, open=3, sent=4_000, acknowledged=4_000, received=4_000, sent_bytes=5, lost=2
)


def summary(
    plan: Plan = PLAN,
    counts: Counts = COUNTS,
    errors: dict[str, int] | None = None,
    cpu: float = 0.5,
    seconds: float = 2,
) -> Summary:
    """A run of so long."""
    histogram = Histogram()
    histogram.record(1_500, 10)
    report = Report(
        *(
            counts,
            errors or {},
            {"end_to_end": histogram},
            1,
            1_000_001,
            1,
            1 + int(seconds * 1e6),
            cpu,
        )
    )
    total = Total(1)
    total.take(0, report)
    series = Series(0.0)
    series.add(total, 1.0)
    return Summary(plan, total, series, interrupted=False)


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_text_has_every_number() -> None:
    text = lines(summary(errors={"lost": 2}).text())
    assert text[0] == (
        "robust-bench mqtt roundtrip 127.0.0.1:1883: MQTT 3.1.1, QoS 1, 64-byte payloads, "
        "2 publishers, 1 subscriber, 1 process"
    )
    for line in (
        "2.00 s total per second",
        "connected 3 3",
        "open at the end 3",
        "sent 4,000 2,000",
        "acknowledged 4,000 2,000",
        "received 4,000 2,000",
        "lost 2",
        "busiest process 25%",
        "latency in ms p50 p90 p99 p99.9 max mean",
        "end to end 1.500 1.500 1.500 1.500 1.500 1.500",
        "2 lost",
    ):
        assert line in text, text


def test_a_run_without_errors_says_so() -> None:
    assert "errors: none" in summary().text()
    assert (summary().exit_code, summary(errors={"x": 1}).exit_code) == (0, 1)


def test_the_document_has_everything_but_the_password() -> None:
    document = json.loads(json.dumps(summary(errors={"x": 1}).to_json()))
    assert document["command"] == "roundtrip"
    assert document["parameters"]["username"] == "u"
    assert document["parameters"]["password"] == "(not shown)"
    assert document["seconds"] == 2
    assert document["totals"]["sent"] == 4_000
    assert document["rates"] == {"connected": 3, "sent": 2e3, "acknowledged": 2e3, "received": 2e3}
    latency = document["latency_us"]["end_to_end"]
    assert (latency["p50"], latency["count"], latency["max"]) == (1_500, 10, 1_500)
    assert document["errors"] == {"x": 1}
    assert document["processes"] == [{"cpu_seconds": 0.5, "busy": 0.25}]
    assert (document["exit_code"], document["interrupted"]) == (1, False)
    assert len(document["series"]) == 1


@pytest.mark.parametrize(
    ("made", "note"),
    [
        (summary(cpu=1.99), "busy 100% of the time"),
        (summary(replace(PLAN, rate=5_000)), "10,000 messages a second were asked for, 2,000"),
        (summary(counts=replace(COUNTS, foreign=1)), "1 message of another run"),
        (summary(counts=replace(COUNTS, retained=2)), "2 messages had been retained"),
        (summary(Plan(SUB, subscribers=1), replace(COUNTS, unstamped=9)), "9 messages had no"),
    ],
)
def test_what_a_reader_should_know_is_noted(made: Summary, note: str) -> None:
    (only,) = made.notes()
    assert note in only
    assert f"note: {only}" in made.text()
    assert summary().notes() == []


def test_a_run_of_a_moment_says_nothing_about_processors() -> None:
    made = summary(cpu=1.99, seconds=0.1)
    assert (made.notes(), made.busy()) == ([], [0.0])
    assert "busiest" not in made.text()


def test_the_line_for_now() -> None:
    point = summary().series.points[0]
    line = progress_line(PLAN, point)
    assert "3 connected  sent 4,000/s  received 4,000/s  p50 1.50 ms  p99 1.50 ms  0 errors" in line
    publishing = progress_line(Plan(PUB, publishers=1, qos=1), point)
    assert "acknowledged 4,000/s" in publishing
    assert "received" not in publishing
    assert "3 connects/s" in progress_line(Plan("conn", recreate=True), point)


def test_things_are_counted_in_english() -> None:
    assert [counted(n, "process") for n in (1, 2000)] == ["1 process", "2,000 processes"]
    assert [counted(n, "error") for n in (0, 1)] == ["0 errors", "1 error"]
