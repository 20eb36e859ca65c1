"""The certificate of a QUIC listener."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from listener_kit import DEADLINE, Listening
from quic_kit import Serve, connect, heard

from certificates import Authority, Issued
from quic_client import client_configuration, quic_client
from robustmq_common.config.quantities import parse_address
from robustmq_common.errors import ConfigError

pytest_plugins = ("quic_fixtures",)


def test_a_certificate_is_replaced(
    serve: Serve, authority: Authority, server: Issued, tmp_path: Path
) -> None:
    others = Authority(tmp_path / "other")
    other = others.server()
    before = (server.certificate.read_bytes(), server.key.read_bytes())

    async def work(listening: Listening) -> None:
        listener: Any = listening.listener
        address = parse_address(listening.address)
        async with connect(listening, authority) as client:
            client.send(b"1")
            connection = await heard(listening)
            for broken in (True, False):
                server.certificate.write_bytes(b"" if broken else other.certificate.read_bytes())
                server.key.write_bytes(other.key.read_bytes())
                if broken:
                    with pytest.raises(ConfigError):
                        await listener.reload()
                else:
                    assert await listener.reload()
            trusting = client_configuration(others.file)
            async with quic_client(address, trusting) as new:
                new.send(b"n")
                await listening.connection(2)
            client.send(b"2")
            await listening.pack.until(lambda: connection.data == b"12")

    try:
        listening = serve(work)
    finally:
        server.certificate.write_bytes(before[0])
        server.key.write_bytes(before[1])
    assert listening.log.events() == [
        "certificates not loaded: the old ones stay",
        "certificates loaded",
    ]


@pytest.mark.parametrize(
    ("tls", "message"),
    [
        ({"certfile": None}, "tls.certfile: a listener with TLS needs a certificate"),
        ({"keyfile": "/nowhere.pem"}, "tls.keyfile = .*: cannot read it"),
        ({"keyfile": "OTHER"}, "tls.keyfile = .* key values mismatch"),
        ({"verify": "optional"}, "tls.verify = .* cannot ask clients for certificates"),
        ({"verify": "required", "cafile": "CA"}, "tls.verify = .* cannot ask clients"),
        ({"versions": ["1.2"]}, "tls.versions: QUIC is TLS 1.3 only"),
        ({"sni": [{"hosts": ["a.b"], "certfile": "x"}]}, "tls.sni: QUIC listeners have one"),
    ],
)
def test_what_cannot_be_had(serve: Serve, authority: Authority, tls: Any, message: str) -> None:
    files = {"OTHER": str(authority.server("elsewhere").key), "CA": str(authority.file)}
    table = {key: files.get(str(value), value) for key, value in tls.items()}

    async def work(listening: Listening) -> None:
        raise AssertionError("it opened")

    with pytest.raises(ConfigError, match=message):
        serve(work, tls=table)


def test_no_proxy_protocol(serve: Serve) -> None:
    async def work(listening: Listening) -> None:
        raise AssertionError("it opened")

    with pytest.raises(ConfigError, match="proxy_protocol: there is none for QUIC"):
        serve(work, proxy_protocol=True)


def test_encrypted_keys(serve: Serve, authority: Authority) -> None:
    issued = authority.server(password="secret")
    table = {"certfile": str(issued.certificate), "keyfile": str(issued.key)}

    async def work(listening: Listening) -> None:
        async with connect(listening, authority) as client:
            client.send(b"x")
            await listening.connection()

    serve(work, tls={**table, "key_password": "secret"})
    with pytest.raises(ConfigError, match="does not open it"):
        serve(work, tls={**table, "key_password": "wrong"})


def test_changed_files_are_noticed(
    serve: Serve, authority: Authority, server: Issued, tmp_path: Path
) -> None:
    files = (tmp_path / "cert.pem", tmp_path / "key.pem")
    others = Authority(tmp_path / "other")

    def put(issued: Issued) -> None:
        files[0].write_bytes(issued.certificate.read_bytes())
        files[1].write_bytes(issued.key.read_bytes())

    put(server)

    async def work(listening: Listening) -> None:
        listener: Any = listening.listener
        reload, reloaded = listener.reload, asyncio.Event()

        async def noted() -> bool:
            done: bool = await reload()
            reloaded.set()
            return done

        listener.reload = noted
        put(others.server())
        await asyncio.wait_for(reloaded.wait(), DEADLINE)
        trusting = client_configuration(others.file)
        async with quic_client(parse_address(listening.address), trusting):
            pass

    serve(
        work,
        tls={"certfile": str(files[0]), "keyfile": str(files[1]), "watch_interval": 0.1},
    )
