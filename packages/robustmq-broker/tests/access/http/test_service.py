"""A service with bounds: turns, waiting, and being left alone; and what placeholders stand for."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from auth_server import AuthServer, refused_url
from loop_services import LoopServices
from robustmq_broker.access.http.answers import Answer
from robustmq_broker.access.http.service import (
    AccessService,
    Unanswered,
    client_values,
    make_template,
)
from robustmq_broker.access.http.settings import HttpAuthConfig
from robustmq_broker.access.http.template import Request
from robustmq_common.errors import ConfigError
from robustmq_common.spi.access import ALLOW, Certificate, ClientInfo
from until import until


class Asking:
    """A service and how it is asked."""

    def __init__(self, url: str, **config: Any) -> None:
        self.url = url
        self.services = LoopServices()
        given = {"url": url, "timeout": 0.3, **config}
        settings = HttpAuthConfig.model_validate(given)
        self.service = AccessService(self.services, settings, "http_auth", "auth")

    async def ask(self) -> Answer | str:
        try:
            return await self.service.ask(Request("GET", self.url, {}, None))
        except Unanswered as error:
            return f"busy: {error}" if error.busy else str(error)


def run(work: Callable[[Asking, AuthServer], Awaitable[None]], **config: Any) -> None:
    async def main(server: AuthServer) -> None:
        asking = Asking(server.url(), **config)
        try:
            await work(asking, server)
        finally:
            await asking.service.close()

    with AuthServer() as server:
        asyncio.run(main(server))


def test_an_answer() -> None:
    async def work(asking: Asking, server: AuthServer) -> None:
        assert await asking.ask() == Answer(ALLOW)
        server.answer(404)
        assert await asking.ask() == "the answer's status is 404"
        server.answer(200, b"<html>")
        assert await asking.ask() == "the answer cannot be read: it is not JSON"

    run(work)


def test_no_more_than_may_wait() -> None:
    async def work(asking: Asking, server: AuthServer) -> None:
        server.hang()
        answers = await asyncio.gather(*(asking.ask() for _ in range(20)))
        assert answers.count("busy: too many clients wait for the service") == 15
        assert len(server.requests) <= 5
        assert asking.services.metrics.snapshot()["auth.busy"] >= 15

    run(work, connections=2, max_waiting=3)


def test_a_service_that_fails_is_left_alone() -> None:
    async def work(asking: Asking, server: AuthServer) -> None:
        server.answer(503)
        for _ in range(3):
            assert await asking.ask() == "the answer's status is 503"
        log = asking.services.log
        assert log.events() == [
            "the service does not answer; what it would be asked is denied for now"
        ]
        for _ in range(50):
            assert await asking.ask() == "the service is left alone, as it failed repeatedly"
        assert len(server.requests) == 3
        assert asking.services.metrics.snapshot()["auth.breaker.open"] == 1
        asking.services.timers.advance(10)
        server.answer(204)
        assert await asking.ask() == Answer(ALLOW)
        assert log.events("info") == ["the service answers again"]
        assert asking.services.metrics.snapshot()["auth.breaker.open"] == 0

    run(work, breaker_failures=3, breaker_time=10)


def test_what_one_client_can_cause_does_not_open_the_breaker() -> None:
    async def work(asking: Asking, server: AuthServer) -> None:
        for status in (400, 403, 500, 500):
            server.answer(status)
            assert await asking.ask() == f"the answer's status is {status}"
        server.answer(204)
        assert await asking.ask() == Answer(ALLOW)

    run(work, breaker_failures=1)


def test_a_cancelled_request_is_no_failure() -> None:
    async def work(asking: Asking, server: AuthServer) -> None:
        server.hang()
        task = asyncio.create_task(asking.ask())
        await until(lambda: bool(server.requests))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.released.set()
        server.answer(204)
        assert await asking.ask() == Answer(ALLOW)

    run(work, breaker_failures=1, connections=1, timeout=30)


def test_nobody_listens() -> None:
    async def main() -> None:
        asking = Asking(refused_url())
        assert "refused" in str(await asking.ask())
        await asking.service.close()

    asyncio.run(main())


def test_bad_configuration() -> None:
    with pytest.raises(ConfigError, match=r"http_auth\.url is not set"):
        AccessService(LoopServices(), HttpAuthConfig(), "http_auth", "auth")
    config = HttpAuthConfig.model_validate({"url": "http://a", "headers": {"X": "${topic}"}})
    with pytest.raises(ConfigError, match=r"http_auth: there is no placeholder \$\{topic\}"):
        make_template(config, config.body, "http_auth", "password")


def test_what_placeholders_stand_for() -> None:
    client = ClientInfo("c", None, "[::1]:5", "tls", "MQTT 5.0")
    assert client_values(client) == {
        "clientid": "c",
        "username": None,
        "peerhost": "::1",
        "peerport": "5",
        "listener": "tls",
        "protocol": "MQTT 5.0",
        "mountpoint": "",
        "cert_common_name": None,
        "cert_subject": None,
    }
    client.certificate = Certificate("CN=x,O=y", "x")
    values = client_values(client)
    assert (values["cert_common_name"], values["cert_subject"]) == ("x", "CN=x,O=y")
