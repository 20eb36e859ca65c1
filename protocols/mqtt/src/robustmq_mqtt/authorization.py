"""[H] What a client may do: the broker's answers, kept for a while and within a bound.

For PUBLISH, a look into a dict is all that a known answer costs. Answers are not valid any more
when their time is over, or the rules have changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from mypy_extensions import i64

from robustmq_mqtt.mountpoint import unmounted_topic

if TYPE_CHECKING:
    from robustmq_mqtt.codec.publish import Publish
    from robustmq_mqtt.connection import Connection
    from robustmq_mqtt.context import Context

UNDECIDED: Final = 0
ALLOWED: Final = 1
DENIED: Final = 2
LONGEST_KEPT: Final = 1024
"""In bytes: answers about longer topics and filters are not kept, since a client chooses them."""


@final
class Decisions:
    """The answers that one connection has got.

    epoch: of the rules they come from. until: the monotonic time at which they are over.
    publish: by topic; an answer of two bits for each QoS, with and without RETAIN. The topic is
        the string of its route, not the bytes of a message: that is found without comparing them.
    subscribe: by QoS and filter.
    """

    def __init__(self, epoch: int, until: float) -> None:
        self.epoch = epoch
        self.until = until
        self.publish: dict[str, int] = {}
        self.subscribe: dict[str, int] | None = None


def is_known_to_be_allowed(connection: Connection, topic: str, qos: i64) -> bool:
    """Whether to go on with a message without RETAIN; counted only if so. False says nothing."""
    decisions = connection.decisions
    if decisions is None:
        return False
    known = decisions.publish.get(topic)
    context = connection.context
    if (
        known is None
        or (i64(known) >> (qos << 2)) & 3 != ALLOWED
        or decisions.epoch != context.access_epoch
        or connection.last_received >= decisions.until
    ):
        return False
    context.stats.authorization_cache_hit += 1
    return True


def may_publish(connection: Connection, packet: Publish) -> int:
    """ALLOWED or DENIED, or UNDECIDED if the answer takes `authorize_later`."""
    context = connection.context
    stats = context.stats
    decisions = connection.decisions
    if decisions is not None:
        known = decisions.publish.get(packet.topic)
        if (
            known is not None
            and decisions.epoch == context.access_epoch
            and connection.last_received < decisions.until
        ):
            answer = (known >> publish_shift(packet)) & 3
            if answer:
                stats.authorization_cache_hit += 1
                if answer == DENIED:
                    stats.authorization_deny += 1
                return answer
    stats.authorization_cache_miss += 1
    client = connection.client
    topic = unmounted_topic(client.mountpoint, packet.topic)
    allowed: bool | None = context.services.authorize(
        client, "publish", topic, packet.qos, packet.retain
    )
    if allowed is None:
        return UNDECIDED
    return note_publish(connection, packet, allowed, context.access_epoch)


def publish_shift(packet: Publish) -> int:
    """Where the answer is among those for a topic."""
    return packet.qos * 4 + (2 if packet.retain else 0)


def note_publish(connection: Connection, packet: Publish, allowed: bool, epoch: int) -> int:
    """Keep an answer that was asked for at `epoch`; returns it."""
    answer = counted(connection.context, allowed)
    decisions = current(connection, epoch, len(packet.topic_bytes))
    if decisions is not None:
        known = decisions.publish
        topic = packet.topic
        others = known.get(topic)
        if others is None:
            if len(known) >= connection.context.cache_size:
                del known[next(iter(known))]
            others = 0
        known[topic] = others | answer << publish_shift(packet)
    return answer


def may_subscribe(connection: Connection, topic_filter: str, qos: int) -> int:
    """The same for a filter, without the prefix of a shared subscription."""
    context = connection.context
    decisions = connection.decisions
    if (
        decisions is not None
        and decisions.subscribe is not None
        and decisions.epoch == context.access_epoch
        and connection.last_received < decisions.until
    ):
        answer = decisions.subscribe.get(subscribe_key(topic_filter, qos), UNDECIDED)
        if answer:
            context.stats.authorization_cache_hit += 1
            if answer == DENIED:
                context.stats.authorization_deny += 1
            return answer
    context.stats.authorization_cache_miss += 1
    allowed: bool | None = context.services.authorize(
        connection.client, "subscribe", topic_filter, qos, False
    )
    if allowed is None:
        return UNDECIDED
    return note_subscribe(connection, topic_filter, qos, allowed, context.access_epoch)


def subscribe_key(topic_filter: str, qos: int) -> str:
    return f"{qos}{topic_filter}"


def note_subscribe(
    connection: Connection, topic_filter: str, qos: int, allowed: bool, epoch: int
) -> int:
    """Keep an answer that was asked for at `epoch`; returns it."""
    answer = counted(connection.context, allowed)
    decisions = current(connection, epoch, len(topic_filter.encode()))
    if decisions is not None:
        known = decisions.subscribe
        if known is None:
            known = {}
            decisions.subscribe = known
        if len(known) >= connection.context.cache_size:
            del known[next(iter(known))]
        known[subscribe_key(topic_filter, qos)] = answer
    return answer


def counted(context: Context, allowed: bool) -> int:
    """Count an answer of the authorizers."""
    context.stats.authorization_answered += 1
    if allowed:
        return ALLOWED
    context.stats.authorization_deny += 1
    return DENIED


def current(connection: Connection, epoch: int, length: int) -> Decisions | None:
    """Where to keep an answer about a topic of so many bytes.

    None if it is not to be kept: nothing is, the topic is too long, or the rules are of the past.
    """
    context = connection.context
    if epoch != context.access_epoch or not context.cache_size or length > LONGEST_KEPT:
        return None
    decisions = connection.decisions
    now: float = context.clock.monotonic
    if decisions is None or decisions.epoch != epoch or now >= decisions.until:
        decisions = Decisions(epoch, now + context.cache_ttl)
        connection.decisions = decisions
    return decisions
