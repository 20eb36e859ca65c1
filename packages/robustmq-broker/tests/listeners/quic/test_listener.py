"""QUIC listeners open and close."""

import pytest
from listener_kit import DEADLINE, Listening
from quic_kit import Serve, connect, endpoint, heard

from certificates import Authority
from robustmq_broker.listeners.quic.listener import udp_socket
from robustmq_common.errors import ListenError

pytest_plugins = ("quic_fixtures",)


def test_a_shutdown_says_goodbye(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.send(b"x")
            connection = await heard(listening)
            listening.listener.stop_accepting()
            async with connect(listening, authority, connected=False) as late:
                await client.ping()
                assert not late._connected
            connection.transport.write(b"bye")
            connection.transport.close()
            assert (await client.ending()).error_code == 0
            assert client.received() == b"bye"
            await listening.listener.wait_closed(DEADLINE)
            assert endpoint(listening) is None

    serve(work)


def test_a_shutdown_cuts_off(serve: Serve, authority: Authority) -> None:
    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.send(b"x")
            connection = await heard(listening)
            listening.listener.stop_accepting()
            await listening.listener.wait_closed(0.01)
            assert connection.ended == ["lost"]
            assert (await client.ending()).error_code == 0x02

    serve(work)


def test_an_address_that_cannot_be_had(serve: Serve) -> None:
    with udp_socket("127.0.0.1", 0, 65_536) as taken:
        port = taken.getsockname()[1]

        async def work(listening: Listening) -> None:
            raise AssertionError("it opened")

        with pytest.raises(ListenError, match=r"cannot listen on .*UDP.*in use"):
            serve(work, bind=f"127.0.0.1:{port}")
