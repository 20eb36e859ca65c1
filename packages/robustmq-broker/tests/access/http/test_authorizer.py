"""The authorizer "http": what is sent, and that only a yes is one."""

import asyncio
from typing import Any

import pytest

from auth_server import AuthServer
from loop_services import LoopServices
from robustmq_broker.access.http.authorizer import HttpAuthorizer
from robustmq_broker.access.http.settings import HttpAclConfig
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, ClientInfo

CLIENT = ClientInfo("meter-7", "ann", "127.0.0.1:1", "tcp", "MQTT 5.0")


def ask(server: AuthServer, **config: Any) -> int:
    async def main() -> int:
        given = {"url": server.url("/acl"), "timeout": 0.3, **config}
        one = HttpAuthorizer()
        one.start(LoopServices({"http_acl": HttpAclConfig.model_validate(given)}))
        try:
            return await one.authorize(CLIENT, "publish", "a/+\r\n", 1, True)
        finally:
            await one.stop()

    return asyncio.run(main())


def test_what_is_sent() -> None:
    with AuthServer() as server:
        assert ask(server) == ALLOW
        assert server.requests[0].json() == {
            "clientid": "meter-7",
            "username": "ann",
            "peerhost": "127.0.0.1",
            "action": "publish",
            "topic": "a/+\r\n",
            "qos": "1",
            "retain": "true",
        }


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (204, b"", ALLOW),
        (200, b'{"result": "deny"}', DENY),
        (200, b'{"result": "ignore"}', IGNORE),
        (200, b"ok", DENY),
        (403, b"", DENY),
        (500, b'{"result": "allow"}', DENY),
    ],
)
def test_answers(status: int, body: bytes, verdict: int) -> None:
    with AuthServer() as server:
        server.answer(status, body)
        assert ask(server) == verdict


def test_no_answer() -> None:
    with AuthServer() as server:
        server.hang()
        assert ask(server) == DENY


def test_a_topic_that_cannot_be_sent() -> None:
    with AuthServer() as server:
        assert ask(server, headers={"X-Topic": "${topic}"}) == DENY
        assert not server.requests
