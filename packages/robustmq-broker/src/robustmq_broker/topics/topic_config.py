"""[P] The tables `[[topics]]`: which topics are kept, where, how long and how well."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from robustmq_common.config.model import Bytes, Expected, Seconds, Section
from robustmq_common.topic_filters import filter_problem


def _check_filter(topic_filter: str) -> str:
    problem = filter_problem(topic_filter)
    if topic_filter.startswith("$share/"):
        problem = "a rule is for topics, not for a shared subscription"
    elif "\0" in topic_filter:
        problem = "the topic filter contains U+0000"  # [MQTT-1.5.4-2]
    if problem:
        raise ValueError(f'{problem}; expected a topic filter such as "telemetry/#"')
    return topic_filter


class TopicConfig(Section):
    """One rule for topics; the first one in the file whose filter matches a topic name counts."""

    filter: Annotated[
        str,
        AfterValidator(_check_filter),
        Expected("a topic filter", ', such as "telemetry/#"', "topic filter"),
    ] = Field(
        description=(
            "The topics that the rule is for, as in a subscription. A rule with nothing else "
            "exempts them from the rules after it."
        )
    )
    adapter: str | None = Field(
        None,
        min_length=1,
        description=(
            "Storage adapter that keeps a log of each of these topics; `storage.adapter` if there "
            "is only a limit."
        ),
    )
    durability: Literal["memory", "os", "fsync"] | None = Field(
        None,
        description=(
            "What an acknowledged message of these topics survives, see `storage.durability`, "
            "which is the default."
        ),
    )
    retention: Seconds | None = Field(
        None, gt=0, le=3_155_760_000, description="How long a message stays in its topic's log."
    )
    retention_bytes: Bytes | None = Field(
        None, ge=1, le=2**50, description="How much a topic's log keeps; the oldest go first."
    )
    retention_records: int | None = Field(
        None, ge=1, le=10**12, description="How many messages a topic's log keeps."
    )
    settings: dict[str, Any] = Field(
        default_factory=dict,
        description=(
            "Keys that the adapter itself understands, if it is not `storage.adapter`. One rule "
            "for an adapter has them."
        ),
    )

    def is_logged(self) -> bool:
        """Whether these topics have logs."""
        limits = (self.retention, self.retention_bytes, self.retention_records)
        return self.adapter is not None or any(limit is not None for limit in limits)


def adapter_durability(rules: Sequence[TopicConfig], configured: str) -> str:
    """What adapters have to be prepared for: as configured, or what rules ask beyond memory."""
    if configured == "memory" and any(rule.durability in {"os", "fsync"} for rule in rules):
        return "os"
    return configured


def topic_problems(rules: Sequence[TopicConfig], default: str) -> list[str]:
    """What is wrong with rules beside each other, a sentence each; `default`: `storage.adapter`."""
    problems = []
    filters: dict[str, int] = {}
    settings: dict[str, int] = {}
    for number, rule in enumerate(rules):
        here = f"topics[{number}]"
        first = filters.setdefault(rule.filter, number)
        if first != number:
            problems.append(
                f'{here}.filter = "{rule.filter}": topics[{first}] has the same filter, and the '
                "first rule counts; remove one of them"
            )
        if not rule.settings:
            continue
        if rule.adapter in {None, default}:
            problems.append(
                f"{here}.settings: the settings of {default}, the storage.adapter, are in "
                "storage.settings"
            )
            continue
        first = settings.setdefault(str(rule.adapter), number)
        if rules[first].settings != rule.settings:
            problems.append(
                f"{here}.settings: topics[{first}] has other settings for the adapter "
                f"{rule.adapter}, which is opened once; give them in one rule"
            )
    return problems
