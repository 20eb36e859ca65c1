from typing import Any

import pytest
from websocket_kit import ACCEPT, request

from robustmq_broker.listeners.websocket.handshake import (
    Answers,
    Opened,
    Refused,
    not_http,
    too_long,
)
from robustmq_broker.listeners.websocket.settings import WebSocketConfig

PEER = "127.0.0.1:50000"


def answer(head: bytes, **config: Any) -> Opened | Refused:
    return Answers(WebSocketConfig(**config)).answer(head, PEER)


def opened(head: bytes, **config: Any) -> Opened:
    got = answer(head, **config)
    assert isinstance(got, Opened), got
    assert got.response.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    return got


def test_a_handshake() -> None:
    got = opened(request())
    assert b"Sec-WebSocket-Accept: " + ACCEPT in got.response
    assert b"Sec-WebSocket-Protocol: mqtt\r\n" in got.response
    assert b"Extensions" not in got.response
    assert got.peer == PEER
    assert got.deflate is None


@pytest.mark.parametrize(
    ("offered", "chosen"), [("amqp, mqtt", b"mqtt"), ("mqttv3.1", b"mqttv3.1")]
)
def test_subprotocols(offered: str, chosen: bytes) -> None:
    got = opened(request({"Sec-WebSocket-Protocol": offered}))
    assert b"Sec-WebSocket-Protocol: " + chosen + b"\r\n" in got.response


@pytest.mark.parametrize("offered", [None, "amqp"])
def test_no_subprotocol_if_none_is_required(offered: str | None) -> None:
    got = opened(request({"Sec-WebSocket-Protocol": offered}), require_subprotocol=False)
    assert b"Sec-WebSocket-Protocol" not in got.response
    assert b"Protocol: mqtt\r\n" in opened(request(), require_subprotocol=False).response


REFUSED: dict[str, tuple[bytes, int, str]] = {
    "no subprotocol": (request({"Sec-WebSocket-Protocol": None}), 400, "subprotocol mqtt"),
    "another subprotocol": (request({"Sec-WebSocket-Protocol": "amqp"}), 400, "not amqp"),
    "another path": (request(line="GET /ws HTTP/1.1"), 404, "MQTT is at /mqtt"),
    "the path of all": (request(line="GET / HTTP/1.1"), 404, "MQTT is at /mqtt"),
    "an old version": (request({"Sec-WebSocket-Version": "8"}), 426, "not 8"),
    "no version": (request({"Sec-WebSocket-Version": None}), 426, "version 13"),
    "no key": (request({"Sec-WebSocket-Key": None}), 400, "Sec-WebSocket-Key"),
    "a short key": (request({"Sec-WebSocket-Key": "aGVsbG8="}), 400, "Sec-WebSocket-Key"),
    "no Base64 key": (request({"Sec-WebSocket-Key": "!"}), 400, "Sec-WebSocket-Key"),
    "a plain GET": (request({"Upgrade": None, "Connection": None}), 426, "WebSocket"),
    "another upgrade": (request({"Upgrade": "h2c"}), 426, "h2c"),
    "no connection": (request({"Connection": "close"}), 426, "close"),
    "POST": (request(line="POST /mqtt HTTP/1.1"), 405, "POST"),
    "HTTP/1.0": (request(line="GET /mqtt HTTP/1.0"), 505, "HTTP/1.0"),
    "HTTP/2": (request(line="PRI * HTTP/2.0"), 400, "HTTP/2.0"),
    "no version of HTTP": (b"GET /mqtt\r\n\r\n", 400, "GET /mqtt"),
    "a header without colon": (b"GET /mqtt HTTP/1.1\r\nHost\r\n\r\n", 400, "cannot be read"),
    "a folded header": (request({"X": "1\r\n 2"}), 400, "cannot be read"),
    "a long line": (request({"X": "x" * 9000}), 400, "cannot be read"),
    "a body": (request({"Transfer-Encoding": "chunked"}), 400, "cannot be read"),
}


@pytest.mark.parametrize(("head", "status", "text"), REFUSED.values(), ids=REFUSED)
def test_refusals_say_why(head: bytes, status: int, text: str) -> None:
    got = answer(head)
    assert isinstance(got, Refused)
    assert got.response.startswith(f"HTTP/1.1 {status} ".encode())
    headers, _, body = got.response.partition(b"\r\n\r\n")
    assert b"Connection: close" in headers
    assert f"Content-Length: {len(body)}".encode() in headers
    assert text in body.decode()
    assert text in got.reason
    if "version" in text or "not 8" in text:
        assert b"Sec-WebSocket-Version: 13" in headers


ORIGINS = {"check_origin": True, "allowed_origins": ["https://example.org"]}


def test_origins() -> None:
    assert isinstance(answer(request({"Origin": "https://evil.example"})), Opened)
    opened(request({"Origin": "https://example.org"}), **ORIGINS)
    opened(request(), **ORIGINS)
    for origin in ("https://evil.example", "https://example.org.evil.example", "null"):
        got = answer(request({"Origin": origin}), **ORIGINS)
        assert isinstance(got, Refused)
        assert got.response.startswith(b"HTTP/1.1 403 ")
    assert isinstance(answer(request(), **ORIGINS, allow_origin_absence=False), Refused)


FORWARDED: dict[str, str | None] = {"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Port": "5123"}


def test_forwarded_headers_count_only_from_trusted_proxies() -> None:
    assert opened(request(FORWARDED)).peer == PEER
    assert opened(request(FORWARDED), trusted_proxies=["10.0.0.0/8"]).peer == PEER
    assert opened(request(FORWARDED), trusted_proxies=["127.0.0.1"]).peer == "192.0.2.1:5123"
    assert opened(request(), trusted_proxies=["127.0.0.1"]).peer == PEER


def test_a_forwarded_address_that_is_none_is_refused() -> None:
    got = answer(request({"X-Forwarded-For": "me"}), trusted_proxies=["127.0.0.1"])
    assert isinstance(got, Refused)
    assert got.response.startswith(b"HTTP/1.1 400 ")
    assert "X-Forwarded-For" in got.reason


def test_compression_if_it_is_offered_and_wanted() -> None:
    head = request({"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"})
    assert opened(head).deflate is None
    assert opened(request(), compress=True).deflate is None
    got = opened(head, compress=True)
    assert got.deflate is not None
    assert got.deflate.keep_client_context
    got = opened(head, compress=True, compress_context=False)
    assert b"server_no_context_takeover; client_no_context_takeover" in got.response
    assert got.deflate is not None
    assert not got.deflate.keep_client_context
    assert not got.deflate.keep_server_context


def test_what_is_no_http() -> None:
    config = WebSocketConfig()
    mqtt = not_http(config, b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x00\x00\x00")
    assert "MQTT" in mqtt.reason
    assert b"/mqtt" in mqtt.response
    assert "TLS" in not_http(config, b"\x16\x03\x01\x02\x00").reason
    assert too_long().response.startswith(b"HTTP/1.1 431 ")
