"""[P] The pack's counters and sizes under the names that `$SYS` and scrapers show."""

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robustmq_mqtt.context import Context


def register_gauges(context: "Context") -> None:
    """Register every counter and size of the pack with the broker's metrics."""
    metrics = context.services.metrics
    for name, attribute in context.stats.names().items():
        metrics.gauge(name, partial(getattr, context.stats, attribute))
    metrics.gauge("connections.count", lambda: len(context.connections))
    metrics.gauge("live_connections.count", lambda: context.stats.connected)
    metrics.gauge("sessions.count", lambda: len(context.sessions))
    metrics.gauge("retained.count", lambda: context.retained.count)
