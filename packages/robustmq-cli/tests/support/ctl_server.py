"""The broker's end of a control socket, of few words."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEADLINE = 20.0


class Server:
    """Takes one request, sends `answer` and closes."""

    def __init__(self, path: Path, answer: bytes) -> None:
        self.request = b""
        self.left = False
        self._answer = answer
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen()
        self._listening.settimeout(DEADLINE)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        connection.settimeout(DEADLINE)
        with connection, connection.makefile("rb") as lines:
            self.request = lines.readline()
            connection.sendall(self._answer)
            if not self._answer.endswith(b"x"):
                self.left = lines.read() == b""

    def end(self) -> None:
        self._thread.join(DEADLINE)
        self._listening.close()


@contextmanager
def server(path: Path, answer: bytes) -> Iterator[Server]:
    one = Server(path, answer)
    try:
        yield one
    finally:
        one.end()
