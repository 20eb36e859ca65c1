"""[P] The `$SYS/brokers` topics: what the broker says of itself."""

from typing import TYPE_CHECKING, Final

from robustmq_mqtt.codec.publish import new_publish

if TYPE_CHECKING:
    from robustmq_mqtt.context import Context

DESCRIPTION: Final = "RobustMQ"


class SysTopics:
    """Publishes version, uptime and every metric, retained, at each interval.

    Topics start with "$", so that a subscription to "#" does not get them [MQTT-4.7.2-1].
    """

    def __init__(self, context: "Context", interval: float) -> None:
        self.context = context
        self.interval = interval
        self.started: float = context.clock.monotonic
        self.prefix = f"$SYS/brokers/{context.services.node}/"

    def start(self) -> None:
        if self.interval:
            self.tick()

    def tick(self) -> None:
        if self.context.stopping:
            return
        self.publish_all()
        self.context.timers.after(self.interval, self.tick)

    def publish_all(self) -> None:
        services = self.context.services
        self.publish("$SYS/brokers", services.node)
        self.publish(self.prefix + "version", services.version)
        self.publish(self.prefix + "sysdescr", DESCRIPTION)
        uptime: float = self.context.clock.monotonic - self.started
        self.publish(self.prefix + "uptime", str(int(uptime)))
        for name, value in sorted(services.metrics.snapshot().items()):
            kind = "stats/" if name.endswith((".count", ".max")) else "metrics/"
            self.publish(self.prefix + kind + name.replace(".", "/"), str(value))

    def publish(self, topic: str, value: str) -> None:
        message = new_publish(topic, value.encode(), 0, True)
        message.timestamp = self.context.clock.wall
        # Not through `retain_message`: after a restart they would be stale.
        self.context.retained.set(topic, message)
        self.context.router.route(topic).deliver(message)
