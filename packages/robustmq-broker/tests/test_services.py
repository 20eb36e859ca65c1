"""What packs get: the real services on a loop and timers of the test."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from routing_fakes import FakeSubscriber, FakeSubscription

from memory_loop import Gate, MemoryLoop, MemoryTimers, run_to_end
from robustmq_broker import __version__
from robustmq_broker.access.control import AccessControl, Chains
from robustmq_broker.services import Services
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_broker.timers import TimerDriver
from robustmq_broker.topics.rules import TopicRules
from robustmq_broker.topics.topic_config import TopicConfig
from robustmq_common.errors import BugError, WorldError
from robustmq_common.message import Record
from robustmq_common.record import decode_record
from robustmq_common.spi.access import ALLOW, DENY, AuthResult, ClientInfo
from robustmq_common.spi.services import BrokerServices
from robustmq_common.spi.storage import Put, StorageAdapter
from robustmq_common.spi.topics import TopicPolicy
from robustmq_common.testing import FakeClock, RecordingLog

CLIENT = ClientInfo("c", "user", "127.0.0.1:1", "tcp", "MQTT 5.0")


class Gated:
    """An authenticator that answers when its gate is opened."""

    name = "gated"

    def __init__(self) -> None:
        self.gate = Gate()

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        result: AuthResult = await self.gate
        return result


class Denying:
    name = "denying"

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        return DENY if topic == "secret" else ALLOW


class Made:
    """Services with what they were made of."""

    def __init__(
        self,
        authenticators: Any = (),
        authorizers: Any = (),
        others: Sequence[StorageAdapter] = (),
        rules: TopicRules | None = None,
    ) -> None:
        self.log = RecordingLog()
        self.loop = MemoryLoop()
        self.adapter = MemoryAdapter({}, Path())
        for adapter in (self.adapter, *others):
            run_to_end(adapter.open())
        self.services = Services(
            {"mqtt": 7}.__getitem__,
            "node-1",
            self.adapter,
            AccessControl(Chains(authenticators, authorizers, True, not authorizers), {}, self.log),
            {},
            (),
            self.log,
            self.loop,
            MemoryTimers(FakeClock(), self.loop),
            others,
            rules,
        )


def test_it_is_what_packs_are_promised() -> None:
    services: BrokerServices = Made().services
    assert services.section("mqtt") == 7
    assert services.node == "node-1"
    assert services.version == __version__
    assert services.enhanced_authenticator("SCRAM", "tcp") is None
    assert services.listener_events() == ()
    assert not services.authorizes()


class Named:
    """A link, and a method that belongs to it or to none."""

    def __init__(self, name: str, **attributes: Any) -> None:
        self.name = name
        self.method = name
        self.__dict__.update(attributes)

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        return AuthResult(DENY)

    def begin(self, client: ClientInfo, reauthenticate: bool) -> Any: ...


def test_a_method_of_a_link_is_there_where_the_chain_has_the_link() -> None:
    scram, riddle = Named("S", authenticator="scram"), Named("R")
    chains = Chains([Named("scram")])
    made = Made()
    services = Services(
        {"mqtt": 7}.__getitem__,
        "node-1",
        made.adapter,
        AccessControl(Chains(), {"locked": chains}, made.log),
        {"S": scram, "R": riddle},
        (),
        made.log,
        made.loop,
        MemoryTimers(FakeClock(), made.loop),
    )
    assert services.enhanced_authenticator("S", "locked") is scram
    assert services.enhanced_authenticator("S", "other") is None
    assert services.enhanced_authenticator("R", "other") is riddle


class Common:
    """Something that plugins share."""

    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


def test_what_is_shared_is_made_once_and_closed_at_the_end() -> None:
    made = Made()
    one = made.services.shared(Common, Common)
    assert made.services.shared(Common, Common) is one
    assert made.services.shared(list, lambda: ["no close"]) == ["no close"]
    run_to_end(made.services.close())
    assert one.closed == 1


def test_tokens_differ() -> None:
    services = Made().services
    tokens = {services.token(16) for _ in range(100)}
    assert len(tokens) == 100
    assert {len(token) for token in tokens} == {16}


def test_what_is_asked_for_soon_comes_in_order_after_the_turn() -> None:
    made = Made()
    order: list[int] = []
    made.services.soon(lambda: order.append(1))
    made.services.soon(lambda: order.append(2))
    assert order == []
    made.loop.run_until_idle()
    assert order == [1, 2]


def test_authentication_that_need_not_wait_answers_at_once() -> None:
    given: list[AuthResult] = []
    Made().services.authenticate(CLIENT, b"x", given.append)
    assert [one.verdict for one in given] == [ALLOW]


@pytest.mark.parametrize("error", [None, RuntimeError("boom")])
def test_authentication_that_waits_answers_later(error: Exception | None) -> None:
    link = Gated()
    made = Made([link])
    given: list[AuthResult] = []
    made.services.authenticate(CLIENT, b"x", given.append)
    made.loop.run_until_idle()
    assert given == []
    link.gate.open(AuthResult(ALLOW), error)
    made.loop.run_until_idle()
    assert [one.verdict for one in given] == [DENY if error else ALLOW]


def test_authorizers_are_asked() -> None:
    services = Made(authorizers=[Denying()]).services
    assert services.authorizes()
    assert services.authorize(CLIENT, "publish", "open", 0, False)
    assert not services.authorize(CLIENT, "publish", "secret", 0, False)


def test_subscriptions_are_measured() -> None:
    services = Made().services
    services.router.subscribe("a", FakeSubscription(FakeSubscriber("1")))
    services.router.subscribe("a", FakeSubscription(FakeSubscriber("1")), "group")
    services.router.subscribe("a", FakeSubscription(FakeSubscriber("2")), "group")
    values = services.metrics.snapshot()
    assert values["subscriptions.count"] == 1
    assert values["subscriptions.shared.count"] == 2


def test_writes_are_committed_at_the_end_of_the_turn() -> None:
    made = Made()
    done: list[Exception | None] = []
    made.services.storage.write(Put("shard", b"k", b"v"))
    made.services.storage.when_committed(done.append)
    assert run_to_end(made.adapter.get("shard", b"k")) is None
    assert done == []
    made.loop.run_until_idle()
    assert run_to_end(made.adapter.get("shard", b"k")) == b"v"
    assert done == [None]


class Shelf(MemoryAdapter):
    name = "shelf"
    sweeps = 0

    async def sweep(self) -> bool:
        self.sweeps += 1
        return await super().sweep()


def test_without_rules_there_is_one_storage() -> None:
    services = Made().services
    assert services.storage_of("memory") is services.storage
    assert services.router.route("a").policy is None
    with pytest.raises(BugError, match="'shelf' is asked for but was not opened"):
        services.storage_of("shelf")


def test_each_adapter_has_a_storage_metrics_and_sweeps_of_its_own() -> None:
    shelf = Shelf({}, Path())
    given = [TopicConfig(filter="a/#", adapter="shelf", retention_records=1)]
    made = Made(others=[shelf], rules=TopicRules(given, "memory", "os"))
    services = made.services
    route = services.router.route("a/b")
    assert route.policy == TopicPolicy("shelf", "os", True, None, None, 1)
    for payload in (b"1", b"2"):
        storage = services.topic_logs.append(Record("a/b", payload), route.policy)
        assert storage is services.storage_of("shelf")
        assert storage.adapter is shelf
    services.sweep_storage(10.0)
    made.loop.run_until_idle()
    services.timers.advance(10.1)  # type: ignore[attr-defined]
    assert shelf.sweeps == 1
    (record,) = run_to_end(shelf.read("topic/a/b", 0, 10, 1000))
    assert decode_record(record.value).payload == b"2"
    assert run_to_end(made.adapter.shards()) == []
    counted = services.metrics.snapshot()
    assert (counted["storage.shelf.commits"], counted.get("storage.commits", 0)) == (1, 0)
    assert counted["topics.logged.messages"] == 2


def test_closing_finishes_what_one_storage_writes_to_another() -> None:
    order: list[bytes] = []

    async def work() -> None:
        log, access = RecordingLog(), AccessControl(Chains(), {}, RecordingLog())
        memory, shelf = MemoryAdapter({}, Path()), Shelf({}, Path())
        await memory.open()
        await shelf.open()
        sections: dict[str, Any] = {}
        services = Services(sections.__getitem__, "n", memory, access, {}, (), log, others=[shelf])

        def write(adapter: str, key: bytes, then: Callable[[], None] = lambda: None) -> None:
            def committed(error: Exception | None) -> None:
                assert error is None
                order.append(key)
                then()

            services.storage_of(adapter).write(Put("s", key, b"v"))
            services.storage_of(adapter).when_committed(committed)

        write("shelf", b"1", lambda: write("memory", b"2", lambda: write("shelf", b"3")))
        await services.close()
        assert await shelf.get("s", b"3") == b"v"

    asyncio.run(work())
    assert order == [b"1", b"2", b"3"]


def test_closing_cancels_what_is_under_way() -> None:
    link = Gated()
    made = Made([link])
    reports: list[tuple[Any, Exception | None]] = []
    made.services.run(link.authenticate(CLIENT, None), lambda *report: reports.append(report))
    made.loop.run_until_idle()
    run_to_end(made.services.close())
    made.loop.run_until_idle()
    ((result, error),) = reports
    assert result is None
    assert isinstance(error, WorldError)


def test_without_a_loop_they_take_the_one_that_runs() -> None:
    async def work() -> None:
        log = RecordingLog()
        adapter = MemoryAdapter({}, Path())
        await adapter.open()
        access = AccessControl(Chains(), {}, log)
        sections: dict[str, Any] = {}
        services = Services(sections.__getitem__, "n", adapter, access, {}, (), log)
        assert isinstance(services.timers, TimerDriver)
        assert services.clock is services.timers.clock
        services.timers.start()
        turned = asyncio.Event()
        services.soon(turned.set)
        services.storage.write(Put("shard", b"k", b"v"))
        await services.close()
        assert await adapter.get("shard", b"k") == b"v"
        await asyncio.wait_for(turned.wait(), 10)

    asyncio.run(work())
