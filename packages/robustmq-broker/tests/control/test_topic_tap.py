import asyncio
import base64

from control_kit import run

from robustmq_broker.control.topic_tap import WAITING_MAX, TopicTap
from robustmq_broker.router import TopicRouter
from robustmq_common.message import Record


def test_a_message_is_shown_and_not_taken() -> None:
    async def scenario() -> None:
        tap = TopicTap("a/#", 0, 4)
        router = TopicRouter()
        router.subscribe("a/#", tap)
        taken = router.route("a/b").deliver(
            Record("a/b", b"payload", 1, True, timestamp=1.5, publisher="me")
        )
        assert taken == 0
        (shown,) = await tap.take(10)
        assert base64.b64decode(shown.pop("payload")) == b"payl"
        assert shown == {
            "topic": "a/b",
            "timestamp": 1.5,
            "qos": 1,
            "retain": True,
            "publisher": "me",
            "size": 7,
        }
        assert router.unsubscribe("a/#", tap)
        assert router.route("a/b").is_empty()

    run(scenario)


def test_it_stores_nothing_and_stands_for_itself() -> None:
    async def scenario() -> None:
        tap = TopicTap("a", 0, 4)
        assert not tap.stores()
        assert tap.available()
        assert tap.merged([tap]) is tap
        assert tap.subscriber is tap

    run(scenario)


def test_messages_below_the_qos_are_left_out() -> None:
    async def scenario() -> None:
        tap = TopicTap("a", 1, 4)
        for qos in (0, 1, 2):
            tap.deliver(Record("a", b"%d" % qos, qos))
        assert [one["qos"] for one in await tap.take(10)] == [1, 2]
        assert tap.dropped == 0

    run(scenario)


def test_what_nobody_takes_is_dropped_and_counted() -> None:
    async def scenario() -> None:
        tap = TopicTap("a", 0, 4)
        for _ in range(WAITING_MAX + 5):
            tap.deliver(Record("a", b""))
        assert tap.dropped == 5
        assert len(await tap.take(WAITING_MAX - 1)) == WAITING_MAX - 1
        assert len(await tap.take(10)) == 1
        waiting = asyncio.ensure_future(tap.take(10))
        await asyncio.sleep(0)
        assert not waiting.done()
        tap.deliver(Record("a", b""))
        assert len(await waiting) == 1

    run(scenario)
