"""Metrics of one of several adapters have its name in theirs."""

from robustmq_broker.storage.adapter_metrics import AdapterMetrics
from robustmq_common.testing import FakeMetrics


def test_each_adapter_counts_for_itself() -> None:
    metrics = FakeMetrics()
    metrics.count("storage.commits", 5)
    one, other = AdapterMetrics(metrics, "one"), AdapterMetrics(metrics, "other")
    one.count("storage.commits")
    one.count("storage.operations", 3)
    other.count("storage.commits", 2)
    other.gauge("storage.backlog", lambda: 7)
    assert metrics.snapshot() == {
        "storage.commits": 5,
        "storage.one.commits": 1,
        "storage.one.operations": 3,
        "storage.other.commits": 2,
        "storage.other.backlog": 7,
    }
    assert one.snapshot() == {"storage.commits": 1, "storage.operations": 3}
