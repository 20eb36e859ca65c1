"""HTTP requests with bounds: no answer is waited for, read or followed further than allowed."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from auth_server import AuthServer, refused_url
from robustmq_broker.access.http.client import HttpClient, HttpFailed, Response, tls_context
from robustmq_common.errors import ConfigError


def ask(url: str, timeout: float = 5.0, max_size: int = 1000) -> Response:
    async def main() -> Response:
        client = HttpClient(timeout, timeout, 2, max_size)
        try:
            return await client.ask("POST", url, {"X-A": "b"}, b"{}")
        finally:
            await client.close()

    return asyncio.run(main())


def test_a_request() -> None:
    with AuthServer() as server:
        server.answer(200, b"hello")
        assert ask(server.url("/a%2Fb?c=%26")) == Response(200, b"hello")
        (request,) = server.requests
        assert (request.method, request.target, request.body) == ("POST", "/a%2Fb?c=%26", b"{}")
        assert request.headers["x-a"] == "b"
        server.answer(500, b"oops")
        assert ask(server.url()) == Response(500, b"oops")


def test_redirects_are_not_followed() -> None:
    with AuthServer() as server:
        server.answer(307, Location=server.url("/other"))
        assert ask(server.url()).status == 307
        assert len(server.requests) == 1


def test_cookies_are_not_kept() -> None:
    async def main(server: AuthServer) -> None:
        client = HttpClient(5, 5, 1, 1000)
        for _ in range(2):
            await client.ask("GET", server.url(), {})
        await client.close()

    with AuthServer() as server:
        server.answer(200, b"", Set_Cookie="a=b")
        asyncio.run(main(server))
        assert not any("cookie" in request.headers for request in server.requests)


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (lambda server: server.hang(), r"no answer within 0\.3 s"),
        (lambda server: server.drip(), r"no answer within 0\.3 s"),
        (lambda server: server.answer(200, b"x" * 1001), "1001 bytes; 1000 are allowed"),
        (lambda server: server.answer(200, b"x" * 10_000_000), "1000 are allowed"),
        (lambda server: server.endless(), "more than 1000 bytes"),
        (lambda server: server.garbage(), "Bad|Error"),
        (lambda server: server.behave(lambda handler, _: handler.wfile.close()), "Disconnected"),
    ],
    ids=["hangs", "drips", "large", "10 MB", "endless", "garbage", "closes"],
)
def test_failures(break_it: Callable[[AuthServer], None], reason: str) -> None:
    with AuthServer() as server:
        break_it(server)
        with pytest.raises(HttpFailed, match=reason):
            ask(server.url(), 0.3)


def test_nobody_listens() -> None:
    with pytest.raises(HttpFailed, match="refused"):
        ask(refused_url())


def test_the_reason_does_not_quote_the_address() -> None:
    with pytest.raises(HttpFailed) as caught:
        ask(refused_url() + "?password=hush")
    assert "hush" not in str(caught.value)


def test_plain_http_where_tls_is_expected() -> None:
    with AuthServer() as server:
        url = server.url().replace("http:", "https:")

        async def main() -> None:
            client = HttpClient(2, 2, 1, 1000, tls_context(url, None))
            try:
                await client.ask("GET", url, {})
            finally:
                await client.close()

        with pytest.raises(HttpFailed, match="TLS failed"):
            asyncio.run(main())


def test_tls_files(tmp_path: Path) -> None:
    assert tls_context("http://a", "/nowhere") is None
    broken = tmp_path / "broken.pem"
    broken.write_text("nothing")
    for ca_file, cert_file in (("/nowhere", None), (str(broken), None), (None, str(broken))):
        with pytest.raises(ConfigError, match="certificates for https://a cannot be read"):
            tls_context("https://a", ca_file, cert_file)
