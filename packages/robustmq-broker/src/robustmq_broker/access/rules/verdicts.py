"""[P] What decides about a request, for people."""

from robustmq_broker.access.rules.rule import PUBLISH, Rule, RuleList
from robustmq_broker.access.rules.topic_patterns import ALLOW
from robustmq_common.spi.access import ClientInfo


def explained(
    rules: RuleList, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
) -> str:
    """The rule that decides, with where it is written; "" if none does."""
    if action != PUBLISH and ("+" in topic or "#" in topic):
        if rules.decide(client, action, topic, qos, retain) == ALLOW:
            return "every topic that the filter matches is allowed"
        return "not every topic that the filter matches is allowed"
    if action == PUBLISH:
        rule: Rule | None = rules.first(client, topic, qos, retain)
    else:
        rule = rules.first_for_subscription(client, topic, qos)
    return "" if rule is None else f"{rule.source}: {rule.text}"
