"""Fake services do what a test says, and complain about what it did not think of."""

import asyncio

import pytest

from robustmq_common.message import Record
from robustmq_common.spi.access import (
    DENY,
    AuthExchange,
    AuthResult,
    ClientInfo,
    EnhancedAuthenticator,
)
from robustmq_common.spi.events import EventListener
from robustmq_common.spi.services import BrokerServices
from robustmq_common.spi.topics import TopicPolicy
from robustmq_common.testing import FakeServices

CLIENT = ClientInfo("c", "user", "127.0.0.1:1", "tcp", "mqtt")


def test_it_is_what_packs_get() -> None:
    services: BrokerServices = FakeServices()
    assert services.clock.monotonic > 0
    assert services.node == "test"


def test_sections_are_those_given() -> None:
    services = FakeServices({"echo": 7})
    assert services.section("echo") == 7
    with pytest.raises(KeyError):
        services.section("other")


def test_time_is_one() -> None:
    services = FakeServices()
    begin = services.clock.monotonic
    services.timers.advance(2)
    assert services.clock.monotonic == begin + 2


def test_soon_is_the_end_of_the_turn() -> None:
    services = FakeServices()
    calls: list[str] = []

    def first() -> None:
        calls.append("first")
        services.soon(lambda: calls.append("later"))

    services.soon(first)
    services.soon(lambda: calls.append("second"))
    assert calls == []
    services.turn()
    assert calls == ["first", "second"]
    services.turn()
    assert calls == ["first", "second", "later"]


def test_tokens_differ_and_repeat_in_each_run() -> None:
    services = FakeServices()
    assert [services.token(2), services.token(2)] == [b"\0\1", b"\0\2"]
    assert FakeServices().token(16) == bytes(15) + b"\1"


def test_the_verdict_is_the_tests() -> None:
    services = FakeServices()
    verdicts: list[AuthResult] = []
    services.authenticate(CLIENT, b"x", verdicts.append)
    services.verdict = AuthResult(DENY, 0x86)
    services.authenticate(CLIENT, b"x", verdicts.append)
    assert [verdict.reason_code for verdict in verdicts] == [0, 0x86]


def test_everything_is_allowed_but_what_is_denied() -> None:
    services = FakeServices()
    allowed = [services.authorizes(), services.authorize(CLIENT, "publish", "a", 0, False)]
    services.denied.add(("publish", "a"))
    allowed += [services.authorizes(), services.authorize(CLIENT, "publish", "a", 0, False)]
    allowed += [services.authorize(CLIENT, "subscribe", "a", 0, False)]
    assert allowed == [False, True, True, False, True]


def test_methods_and_event_listeners_are_those_given() -> None:
    class Riddle:
        method = "RIDDLE"

        def begin(self, client: ClientInfo, reauthenticate: bool) -> AuthExchange:
            raise NotImplementedError

    services = FakeServices()
    riddle: EnhancedAuthenticator = Riddle()
    listener = EventListener()
    services.methods["RIDDLE"] = riddle
    services.listeners.append(listener)
    assert services.enhanced_authenticator("RIDDLE", "tcp") is riddle
    assert services.enhanced_authenticator("OTHER", "tcp") is None
    assert services.listener_events() == (listener,)


def test_a_coroutine_is_run_at_once() -> None:
    failure = OSError("no")

    async def work() -> int:
        return 7

    async def fail() -> int:
        raise failure

    services = FakeServices()
    reports: list[tuple[object, Exception | None]] = []
    services.run(work(), lambda *report: reports.append(report))
    services.run(fail(), lambda *report: reports.append(report))
    assert reports == [(7, None), (None, failure)]
    with pytest.raises(AssertionError, match="has to wait"):
        services.run(asyncio.sleep(0), lambda *report: reports.append(report))
    assert len(reports) == 2


def test_what_was_not_given_is_missed() -> None:
    services = FakeServices()
    with pytest.raises(AssertionError, match="give FakeServices a router: route is used"):
        services.router.route("a")
    with pytest.raises(AssertionError, match="give FakeServices a storage: pending is used"):
        services.storage.pending()
    with pytest.raises(AssertionError, match="give FakeServices a topic_logs: append is used"):
        services.topic_logs.append(Record("a", b""), TopicPolicy("memory", "os", logged=True))


def test_one_storage_stands_for_all() -> None:
    services = FakeServices()
    assert services.storage_of("any") is services.storage
