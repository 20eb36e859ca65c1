"""Fake metrics count, and read their gauges when asked."""

from robustmq_common.spi.services import Metrics
from robustmq_common.testing import FakeMetrics


def test_counters_and_gauges() -> None:
    metrics = FakeMetrics()
    as_plugins_see_it: Metrics = metrics
    queue = [1, 2, 3]
    as_plugins_see_it.count("messages")
    as_plugins_see_it.count("messages", 4)
    as_plugins_see_it.gauge("queued", lambda: len(queue))
    queue.pop()
    assert as_plugins_see_it.snapshot() == {"messages": 5, "queued": 2}
    assert metrics["messages"] == 5
    assert metrics["queued"] == 2
    assert metrics["never"] == 0
