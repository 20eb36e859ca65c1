"""Fixtures for tests of QUIC listeners: `serve` runs a test beside one, on either event loop."""

import asyncio
from typing import Any

import pytest
from listener_kit import Listening, run
from quic_kit import Serve, Work

from certificates import Authority, Issued
from robustmq_broker.event_loop import new_event_loop
from robustmq_broker.listeners.quic.listener import QuicListener


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def server(authority: Authority) -> Issued:
    return authority.server()


@pytest.fixture(params=["uvloop", "asyncio"])
def serve(request: pytest.FixtureRequest, server: Issued) -> Serve:
    factory = new_event_loop if request.param == "uvloop" else asyncio.new_event_loop

    def serve(work: Work, gates: Any = (), tls: Any = None, **settings: Any) -> Listening:
        table = {"certfile": str(server.certificate), "keyfile": str(server.key), **(tls or {})}
        return run(work, factory, transport=QuicListener, gates=gates, tls=table, **settings)

    return serve
