"""A JWK Set over HTTP: fetched, refreshed, rotated, and what happens when it cannot be had."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from auth_server import AuthServer, refused_url
from jwt_kit import key_document, private_key, public_jwk, token
from loop_services import LoopServices
from robustmq_broker.access.jwt.authenticator import JwtAuthenticator
from robustmq_broker.access.jwt.settings import JwtConfig
from robustmq_common.spi.access import ALLOW, DENY, AuthResult, ClientInfo

K1 = key_document(public_jwk("rsa", kid="k1"))
BOTH = key_document(public_jwk("rsa", kid="k1"), public_jwk("p256", kid="k2"))
T1 = token({}, "RS256", private_key("rsa"), kid="k1")
T2 = token({}, "ES256", private_key("p256"), kid="k2")
UNKNOWN = token({}, "RS256", private_key("rsa"), kid="nobody's")


class Issuer:
    """An authenticator that gets its keys from a server."""

    def __init__(self, url: str, **config: Any) -> None:
        given = {"algorithms": ["RS256", "ES256"], "jwks_url": url, "jwks_timeout": 2, **config}
        self.services = LoopServices({"jwt": JwtConfig.model_validate(given)})
        self.link = JwtAuthenticator()
        self.link.start(self.services)

    async def ask(self, text: bytes) -> AuthResult:
        client = ClientInfo("c", None, "127.0.0.1:1", "tcp", "MQTT 5.0")
        return await self.link.authenticate(client, text)

    async def verdict(self, text: bytes) -> int:
        return (await self.ask(text)).verdict

    async def later(self, seconds: float) -> None:
        """Let time pass, and what falls due be done."""
        await self.services.settle()
        self.services.timers.advance(seconds)
        await self.services.settle()


def run(work: Callable[[Issuer, AuthServer], Awaitable[None]], **config: Any) -> Issuer:
    """Run a test against a server that has the key k1."""

    async def main(server: AuthServer) -> Issuer:
        issuer = Issuer(server.url("/keys"), **config)
        try:
            await work(issuer, server)
        finally:
            await issuer.services.settle()
            await issuer.link.stop()
        return issuer

    with AuthServer() as server:
        server.answer(200, K1)
        return asyncio.run(main(server))


def test_keys_are_fetched_once_for_all_who_wait() -> None:
    async def work(issuer: Issuer, server: AuthServer) -> None:
        assert await asyncio.gather(*(issuer.verdict(T1) for _ in range(50))) == [ALLOW] * 50
        assert len(server.requests) == 1
        assert server.requests[0].headers["accept-encoding"] == "identity"

    run(work)


def test_a_new_key_is_found_when_somebody_has_it() -> None:
    async def work(issuer: Issuer, server: AuthServer) -> None:
        assert await issuer.verdict(T1) == ALLOW
        server.answer(200, BOTH)
        assert await issuer.verdict(T2) == DENY, "asked a moment ago"
        await issuer.later(10)
        assert await issuer.verdict(T2) == ALLOW
        assert len(server.requests) == 2

    run(work)


def test_a_key_that_is_withdrawn() -> None:
    async def work(issuer: Issuer, server: AuthServer) -> None:
        assert await issuer.verdict(T1) == ALLOW
        server.answer(200, key_document(public_jwk("p256", kid="k2")))
        await issuer.later(300)
        assert [await issuer.verdict(T1), await issuer.verdict(T2)] == [DENY, ALLOW]

    run(work)


def test_unknown_keys_do_not_make_us_ask_all_the_time() -> None:
    async def work(issuer: Issuer, server: AuthServer) -> None:
        await issuer.services.settle()
        await issuer.later(10)
        assert await asyncio.gather(*(issuer.verdict(UNKNOWN) for _ in range(200))) == [DENY] * 200
        for _ in range(100):
            assert await issuer.verdict(UNKNOWN) == DENY
        assert len(server.requests) == 2

    run(work)


def test_an_algorithm_that_is_not_listed_asks_nobody() -> None:
    async def work(issuer: Issuer, server: AuthServer) -> None:
        await issuer.services.settle()
        await issuer.later(10)
        assert await issuer.verdict(token()) == DENY
        assert len(server.requests) == 1

    run(work)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda server: server.answer(200, b"<html>Service unavailable"),
        lambda server: server.answer(200, b'{"keys": []}'),
        lambda server: server.answer(200, b'{"keys":' * 20_000),
        lambda server: server.answer(200, key_document(*[public_jwk("rsa")] * 65)),
        lambda server: server.answer(200, K1 + b" " * 300_000),
        lambda server: server.answer(500, K1),
        lambda server: server.answer(404, K1),
        lambda server: server.answer(204),
        lambda server: server.answer(302, K1, Location=server.url("/elsewhere")),
        lambda server: server.hang(),
        lambda server: server.drip(),
        lambda server: server.endless(),
        lambda server: server.garbage(),
    ],
    ids=[
        *("html", "empty", "nested", "many keys", "large", "500", "404", "204", "redirect"),
        *("hangs", "drips", "endless", "garbage"),
    ],
)
def test_the_last_good_set_is_kept(break_it: Callable[[AuthServer], None]) -> None:
    async def work(issuer: Issuer, server: AuthServer) -> None:
        assert await issuer.verdict(T1) == ALLOW
        break_it(server)
        for _ in range(2):
            await issuer.later(300)
            assert await issuer.verdict(T1) == ALLOW
        assert {request.target for request in server.requests} == {"/keys"}, "no redirect"
        log = issuer.services.log
        assert len(log.events("warning")) == 1, "told once"
        assert issuer.services.metrics.snapshot()["authentication.jwt.jwks.failed"] >= 2
        server.released.set()
        server.answer(200, BOTH)
        await issuer.later(10)
        assert await issuer.verdict(T2) == ALLOW
        assert log.events("info") == ["the JWK Set can be fetched again"]

    run(work, jwks_timeout=0.3)


def test_the_last_good_set_is_not_kept_for_ever() -> None:
    async def work(issuer: Issuer, server: AuthServer) -> None:
        assert await issuer.verdict(T1) == ALLOW
        server.answer(503)
        await issuer.later(3600)
        assert await issuer.verdict(T1) == ALLOW
        await issuer.later(1)
        assert await issuer.verdict(T1) == DENY

    run(work, jwks_max_age=3600)


def test_a_server_that_is_down_at_the_start() -> None:
    async def main() -> None:
        issuer = Issuer(refused_url())
        result = await issuer.ask(T1)
        assert (result.verdict, result.reason) == (DENY, "no key fits the token")
        await issuer.services.settle()
        await issuer.link.stop()

    asyncio.run(main())


def test_while_one_waits_for_a_hanging_server_the_loop_goes_on() -> None:
    async def work(issuer: Issuer) -> None:
        turns = 0
        waiting = asyncio.create_task(issuer.verdict(T1))
        while not waiting.done():
            turns += 1
            await asyncio.sleep(0)
        assert await waiting == DENY
        assert turns > 100

    async def main(server: AuthServer) -> None:
        issuer = Issuer(server.url(), jwks_timeout=0.3)
        await work(issuer)
        await issuer.services.settle()
        await issuer.link.stop()

    with AuthServer() as server:
        server.hang()
        asyncio.run(main(server))
