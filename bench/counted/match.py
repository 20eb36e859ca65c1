"""Match cases: from a topic name to its subscriptions, a third of which have wildcards."""

from collections.abc import Iterator
from functools import cache, partial
from typing import Final

from bench.counted.case import WARM_UP, Case, Ready
from robustmq_broker.router import TopicRouter
from robustmq_common.message import Message
from robustmq_common.spi.services import Subscription

STEPS: Final = 900
SIZES: Final = (1_000, 100_000)
CLIENTS: Final = 500


class Taker:
    """A client."""

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id


class Taking:
    """One of its subscriptions, which takes everything and keeps nothing."""

    __slots__ = ("subscriber", "topic_filter")

    def __init__(self, subscriber: Taker, topic_filter: str) -> None:
        self.subscriber = subscriber
        self.topic_filter = topic_filter

    def deliver(self, message: Message) -> bool:  # noqa: ARG002
        return True

    def stores(self) -> bool:
        return False

    def available(self) -> bool:
        return True

    def merged(self, others: list[Subscription]) -> Subscription:  # noqa: ARG002
        return self


def topic_of(number: int) -> str:
    """The topic of a device; a hundred sites have any number of devices."""
    return f"site/{number % 100}/device/{number}/state"


def filter_of(number: int) -> str:
    """The filter of the subscription `number`, which matches the topic `number`."""
    match number % 9:
        case 0:
            return f"site/+/device/{number}/state"
        case 3:
            return f"site/{number % 100}/device/{number}/#"
        case 6:
            return f"+/{number % 100}/device/{number}/+"
    return topic_of(number)


@cache
def router(size: int) -> TopicRouter:
    """A router with that many subscriptions of different filters."""
    made = TopicRouter()
    takers = [Taker(f"client-{number}") for number in range(CLIENTS)]
    for number in range(size):
        topic_filter = filter_of(number)
        made.subscribe(topic_filter, Taking(takers[number % CLIENTS], topic_filter))
    return made


def cases() -> Iterator[Case]:
    for size in SIZES:
        name = f"{size:,} subscriptions"
        yield Case(f"match/uncached, {name}", "route", partial(_uncached, size), steps=STEPS)
    yield Case("match/cached", "route", partial(_cached, SIZES[0]), steps=STEPS)
    name = f"match/subscribe and unsubscribe, {SIZES[-1]:,} subscriptions"
    yield Case(name, "pair", partial(_subscribe, SIZES[-1]), steps=STEPS)


def _uncached(size: int) -> Ready:
    matching = router(size)
    # No topic comes twice, and all sites and kinds of filters come in turn.
    topics = [topic_of(number) for number in range(0, size, 1 if size == SIZES[0] else 101)]
    assert len(topics) > STEPS + WARM_UP

    def check() -> None:
        assert not matching.route(topics[0]).is_empty()
        assert matching.route("site/7/device/none/state").is_empty()

    return Ready(partial(next, map(matching.route, topics)), check)


def _cached(size: int) -> Ready:
    matching = router(size)
    known = topic_of(1)
    route = matching.route(known)

    def check() -> None:
        assert matching.route(known) is route

    return Ready(partial(matching.route, known), check)


def _subscribe(size: int) -> Ready:
    matching = router(size)
    taker = Taker("another")
    topic_filter = "site/7/device/new/state"
    taking = Taking(taker, topic_filter)

    def step() -> None:
        matching.subscribe(topic_filter, taking)
        matching.unsubscribe(topic_filter, taker)

    def check() -> None:
        step()
        assert matching.subscription_count == size

    return Ready(step, check)
