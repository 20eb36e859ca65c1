"""Counters add up; gauges are read when someone looks."""

from robustmq_broker.metrics import MetricSet


def test_counters_and_gauges() -> None:
    metrics = MetricSet()
    queue = [1, 2]
    metrics.count("messages")
    metrics.count("messages", 4)
    metrics.count("queued")
    metrics.gauge("queued", lambda: len(queue))
    assert metrics.snapshot() == {"messages": 5, "queued": 2}
    queue.clear()
    snapshot = metrics.snapshot()
    assert snapshot["queued"] == 0
    snapshot["messages"] = 100
    assert metrics.snapshot()["messages"] == 5
