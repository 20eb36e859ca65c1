"""A real HTTP server on a free port, in a thread, that answers as a test says.

    with AuthServer() as server:
        server.answer(200, b'{"result": "allow"}')
        ... server.url("/auth") ... server.requests[0].json()

What it misbehaves like is up to `behave`, which gets the handler and writes raw bytes if it likes.
"""

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass
class Request:
    """What came."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


Behaviour = Callable[[BaseHTTPRequestHandler, Request], None]


@dataclass
class AuthServer:
    """The server; `requests` has all that came, `released` lets handlers go that `hang`."""

    requests: list[Request] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self.answer(200, b'{"result": "allow"}')
        test = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_any(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = self.rfile.read(length)
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(self.command, self.path, headers, body)
                test.requests.append(request)
                try:
                    test.behaviour(self, request)
                except OSError:
                    self.close_connection = True

            do_GET = do_POST = do_any  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}{path}"

    def behave(self, behaviour: Behaviour) -> None:
        """Answer with whatever `behaviour` writes."""
        self.behaviour = behaviour

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer everything alike."""

        def behaviour(handler: BaseHTTPRequestHandler, _: Request) -> None:
            handler.send_response(status)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            if status != 204:
                handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            if status != 204:
                handler.wfile.write(body)

        self.behaviour = behaviour

    def hang(self) -> None:
        """Take requests and say nothing until `released` is set."""

        def behaviour(handler: BaseHTTPRequestHandler, _: Request) -> None:
            self.released.wait(60)
            handler.close_connection = True

        self.behaviour = behaviour

    def drip(self, seconds: float = 0.05) -> None:
        """Answer one byte at a time, without end."""

        def behaviour(handler: BaseHTTPRequestHandler, _: Request) -> None:
            handler.send_response(200)
            handler.send_header("Content-Length", "500")
            handler.end_headers()
            while not self.released.wait(seconds):
                handler.wfile.write(b" ")

        self.behaviour = behaviour

    def endless(self) -> None:
        """Answer with more and more, and no length."""

        def behaviour(handler: BaseHTTPRequestHandler, _: Request) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while not self.released.is_set():
                handler.wfile.write(b" " * 65536)

        self.behaviour = behaviour

    def garbage(self) -> None:
        """Answer with what is not HTTP."""

        def behaviour(handler: BaseHTTPRequestHandler, _: Request) -> None:
            handler.wfile.write(b"\x00\x01SSH-2.0-nonsense\r\n\r\n")
            handler.close_connection = True

        self.behaviour = behaviour


def refused_url() -> str:
    """An address at which nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}/"
