"""The authenticator "http": what the service says counts, and without an answer nobody comes in."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from auth_server import AuthServer
from loop_services import LoopServices
from robustmq_broker.access.http.authenticator import HttpAuthenticator
from robustmq_broker.access.http.settings import HttpAuthConfig
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, AuthResult, ClientInfo


def new_client() -> ClientInfo:
    return ClientInfo("meter-7", "ann", "127.0.0.1:1", "tcp", "MQTT 5.0")


def ask(
    server: AuthServer, client: ClientInfo, password: bytes | None = b"pw", **config: Any
) -> AuthResult:
    async def main() -> AuthResult:
        given = {"url": server.url("/auth"), "timeout": 0.3, **config}
        one = HttpAuthenticator()
        one.start(LoopServices({"http_auth": HttpAuthConfig.model_validate(given)}))
        try:
            return await one.authenticate(client, password)
        finally:
            await one.stop()

    return asyncio.run(main())


def test_what_is_sent() -> None:
    with AuthServer() as server:
        assert ask(server, new_client(), headers={"X-Key": "k"}).verdict == ALLOW
        (request,) = server.requests
        assert (request.method, request.target) == ("POST", "/auth")
        assert request.headers["x-key"] == "k"
        assert request.json() == {
            "clientid": "meter-7",
            "username": "ann",
            "password": "pw",
            "peerhost": "127.0.0.1",
        }
        assert ask(server, new_client(), None).verdict == ALLOW
        assert server.requests[1].json()["password"] is None


@pytest.mark.parametrize(
    ("result", "verdict"), [("allow", ALLOW), ("deny", DENY), ("ignore", IGNORE)]
)
def test_results(result: str, verdict: int) -> None:
    with AuthServer() as server:
        server.answer(200, b'{"result": "%s", "is_superuser": true}' % result.encode())
        client = new_client()
        assert ask(server, client).verdict == verdict
        assert client.is_superuser == (verdict == ALLOW)


def test_an_end() -> None:
    with AuthServer() as server:
        server.answer(200, b'{"result": "allow", "expire_at": 1700000060}')
        client = new_client()
        assert ask(server, client).verdict == ALLOW
        assert client.expires_at == 1_700_000_060
        server.answer(200, b'{"result": "allow", "expire_at": 1600000000}')
        client = new_client()
        assert ask(server, client).verdict == DENY
        assert client == new_client()


@pytest.mark.parametrize(
    "break_it",
    [
        lambda server: server.answer(401),
        lambda server: server.answer(404),
        lambda server: server.answer(500),
        lambda server: server.answer(302, Location=server.url("/allow")),
        lambda server: server.answer(200, b"allow"),
        lambda server: server.answer(200, b'{"result": "allow"}' + b" " * 10_000_000),
        lambda server: server.hang(),
        lambda server: server.drip(),
        lambda server: server.endless(),
        lambda server: server.garbage(),
    ],
    ids=["401", "404", "500", "redirect", "text", "10 MB", "hangs", "drips", "endless", "garbage"],
)
def test_without_an_answer_nobody_comes_in(break_it: Callable[[AuthServer], None]) -> None:
    with AuthServer() as server:
        break_it(server)
        result = ask(server, new_client())
        assert (result.verdict, result.reason_code) == (DENY, 0x88)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("password", "config", "reason"),
    [
        (b"\xffhush", {}, "the password is not UTF-8 text"),
        (b"hush\r\nX: y", {"headers": {"X-P": "${password}"}}, "header X-P"),
    ],
)
def test_values_that_cannot_be_sent(password: bytes, config: Any, reason: str) -> None:
    with AuthServer() as server:
        result = ask(server, new_client(), password, **config)
        assert (result.verdict, result.reason_code) == (DENY, 0x86)
        assert reason in result.reason
        assert "hush" not in result.reason
        assert not server.requests
