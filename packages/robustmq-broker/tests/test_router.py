"""Routes: who gets a message, with the cache and without it."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from routing_fakes import FakeSubscriber, FakeSubscription, filters, matches, topics

from robustmq_broker.router import MISSES_MAX, ROUTE_CACHE_MAX, TopicRouter
from robustmq_common.spi.topics import TopicPolicy

CLIENTS = [FakeSubscriber(name) for name in "abc"]
GROUPS = ["", "g", "h"]


class CachedRoutes(RuleBasedStateMachine):
    """Subscriptions come and go while topics are routed; a dict of them says what is right."""

    def __init__(self) -> None:
        super().__init__()
        self.router = TopicRouter()
        self.there: dict[tuple[str, str, int], FakeSubscription] = {}
        self.seen: set[str] = set()

    @rule(name=filters(), client=st.integers(0, 2), group=st.sampled_from(GROUPS))
    def subscribe(self, name: str, client: int, group: str) -> None:
        subscription = FakeSubscription(CLIENTS[client], [name])
        self.router.subscribe(name, subscription, group)
        self.there[name, group, client] = subscription

    @rule(name=filters(), client=st.integers(0, 2), group=st.sampled_from(GROUPS))
    def unsubscribe_any(self, name: str, client: int, group: str) -> None:
        known = (name, group, client) in self.there
        assert self.router.unsubscribe(name, CLIENTS[client], group) is known
        self.there.pop((name, group, client), None)

    @rule(data=st.data())
    def unsubscribe_one_that_is_there(self, data: st.DataObject) -> None:
        if self.there:
            name, group, client = data.draw(st.sampled_from(sorted(self.there)))
            assert self.router.unsubscribe(name, CLIENTS[client], group)
            del self.there[name, group, client]

    @rule(name=filters(), client=st.integers(0, 2), group=st.sampled_from(GROUPS))
    def ask(self, name: str, client: int, group: str) -> None:
        known = self.there.get((name, group, client))
        assert self.router.subscription(name, CLIENTS[client], group) is known

    @rule(topic=topics())
    def route(self, topic: str) -> None:
        self.seen.add(topic)
        self.check(topic)

    @invariant()
    def remembered_routes_are_right(self) -> None:
        for topic in self.seen:
            self.check(topic)

    @invariant()
    def counts_are_right(self) -> None:
        alone = sum(group == "" for _, group, _ in self.there)
        assert self.router.subscription_count == alone
        assert self.router.shared_subscription_count == len(self.there) - alone

    def check(self, topic: str) -> None:
        for client in CLIENTS:
            client.got.clear()
        matching = [key for key in self.there if matches(key[0], topic)]
        groups = {(name, group) for name, group, _ in matching if group}
        alone: dict[int, list[str]] = {}
        for name, group, index in matching:
            if not group:
                alone.setdefault(index, []).append(name)
        count = self.router.route(topic).deliver(topic)  # type: ignore[arg-type]
        assert count == len(alone) + len(groups)
        expected: Counter[Any] = Counter()
        for index, its_filters in alone.items():
            expected[index, tuple(sorted(its_filters))] += 1
        got = Counter((i, names) for i, one in enumerate(CLIENTS) for _, names in one.got)
        through_groups = got - expected
        assert not expected - got, "a subscriber got no copy, or several for several filters"
        assert sum(through_groups.values()) == len(groups)
        for (member, names), number in through_groups.items():
            # Each copy that came through a group went to one of its members.
            wanted = [group for name, group in groups if (name, group, member) in self.there]
            assert number <= len(wanted)
            assert names[0] in {name for name, _ in groups}

    def teardown(self) -> None:
        for name, group, client in self.there:
            assert self.router.unsubscribe(name, CLIENTS[client], group)
        assert self.router.trie.is_empty()
        assert all(self.router.route(topic).targets == [] for topic in self.seen)


TestCachedRoutes = CachedRoutes.TestCase
TestCachedRoutes.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def subscribe(router: TopicRouter, name: str, client: FakeSubscriber, group: str = "") -> None:
    router.subscribe(name, FakeSubscription(client, [name]), group)


def test_a_route_is_built_once() -> None:
    router = TopicRouter()
    route = router.route("a")
    assert router.route("a") is route
    assert router.route_cache() == {b"a": route}


@pytest.mark.parametrize("name", ["a", "+", "#", "a/#"])
def test_a_change_of_a_matching_filter_is_seen_at_once(name: str) -> None:
    router = TopicRouter()
    client = FakeSubscriber("c")
    cache = router.route_cache()
    assert router.route("a").deliver(1) == 0  # type: ignore[arg-type]
    subscribe(router, name, client)
    assert b"a" not in cache
    assert router.route("a").deliver(2) == 1  # type: ignore[arg-type]
    assert router.unsubscribe(name, client)
    assert b"a" not in cache
    assert router.route("a").deliver(3) == 0  # type: ignore[arg-type]
    assert [message for message, _ in client.got] == [2]
    assert router.route_cache() is cache


def test_another_topic_s_filter_leaves_the_route() -> None:
    router = TopicRouter()
    route = router.route("a")
    subscribe(router, "b", FakeSubscriber("c"))
    assert router.route("a") is route


def test_the_cache_is_bounded_and_follows_the_traffic() -> None:
    router = TopicRouter()
    for number in range(ROUTE_CACHE_MAX + 10):
        router.route(str(number))
    assert len(router.route_cache()) == ROUTE_CACHE_MAX
    assert b"0" in router.route_cache()
    for number in range(MISSES_MAX):
        router.route(f"other/{number}")
    assert len(router.route_cache()) == 11
    assert b"0" not in router.route_cache()


def test_long_topics_do_not_fill_the_memory() -> None:
    router = TopicRouter()
    client = FakeSubscriber("c")
    subscribe(router, "#", client)
    for number in range(200):
        assert router.route(f"{number}/" + 60_000 * "x").deliver(number) == 1  # type: ignore[arg-type]
    assert sum(map(len, router.route_cache())) < 1_000_000
    assert len(client.got) == 200


def test_a_route_knows_its_policy_from_its_first_lookup_on() -> None:
    asked: list[str] = []
    logged, durable = TopicPolicy("a", "os", logged=True), TopicPolicy("a", "fsync")

    def policy_of(topic: str) -> TopicPolicy | None:
        asked.append(topic)
        return {"logged": logged, "durable": durable}.get(topic)

    router = TopicRouter(policy_of)
    for _ in range(3):
        assert router.route("logged").policy is logged
        assert router.route("durable").policy is durable
        assert router.route("plain").policy is None
    assert sorted(asked) == ["durable", "logged", "plain"]
    subscribe(router, "#", FakeSubscriber("c"))
    assert router.route("logged").policy is logged
    stores = [router.route(topic).stores() for topic in ("logged", "durable", "plain")]
    assert stores == [True, False, False]


def test_without_rules_no_route_has_a_policy() -> None:
    assert TopicRouter().route("a").policy is None


def test_subscribing_again_replaces() -> None:
    router = TopicRouter()
    client = FakeSubscriber("c")
    subscribe(router, "a", client)
    router.subscribe("a", FakeSubscription(client, ["a", "again"]))
    assert router.subscription_count == 1
    router.route("a").deliver(1)  # type: ignore[arg-type]
    assert client.got == [(1, ("a", "again"))]


def test_unsubscribing_what_is_not_there() -> None:
    router = TopicRouter()
    here, gone = FakeSubscriber("h"), FakeSubscriber("g")
    subscribe(router, "a/b", here)
    subscribe(router, "a/b", here, "group")
    for name, client, group in [
        ("a", here, ""),
        ("a/b", gone, ""),
        ("a/b", gone, "group"),
        ("a/b", here, "other"),
        ("a", here, "group"),
        ("a/b/c", here, ""),
    ]:
        assert not router.unsubscribe(name, client, group)
    assert router.route("a/b").deliver(1) == 2  # type: ignore[arg-type]


def test_who_subscribes_alone_and_in_a_group_gets_both() -> None:
    router = TopicRouter()
    client = FakeSubscriber("c")
    subscribe(router, "a", client)
    subscribe(router, "a", client, "g")
    assert router.route("a").deliver(1) == 2  # type: ignore[arg-type]
    assert len(client.got) == 2


def test_what_a_member_leaves_goes_to_another() -> None:
    router = TopicRouter()
    first, second = FakeSubscriber("1"), FakeSubscriber("2")
    subscribe(router, "a/+", first, "g")
    subscribe(router, "a/+", second, "g")
    router.unsubscribe("a/+", first, "g")
    assert router.redispatch("a/+", "g", 1)  # type: ignore[arg-type]
    assert [message for message, _ in second.got] == [1]
    second.connected = False
    assert not router.redispatch("a/+", "g", 2, connected_only=True)  # type: ignore[arg-type]
    assert router.redispatch("a/+", "g", 2)  # type: ignore[arg-type]
    assert [message for message, _ in second.got] == [1, 2]


@pytest.mark.parametrize(("name", "group"), [("a", "g"), ("a/+", "h"), ("b", "g"), ("a/+/b", "g")])
def test_there_may_be_nobody_to_leave_it_to(name: str, group: str) -> None:
    router = TopicRouter()
    subscribe(router, "a/+", FakeSubscriber("1"), "g")
    subscribe(router, "b", FakeSubscriber("1"))
    assert not router.redispatch(name, group, 1)  # type: ignore[arg-type]
