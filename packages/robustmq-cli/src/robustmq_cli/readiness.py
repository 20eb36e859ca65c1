"""[D] How a server in the background tells the command that started it how it went.

One JSON object over a pipe, then the end: {"ready": true}, or {"error": ..., "exit_code": ...}.
"""

import json
import os
import select
import time
from dataclasses import dataclass

_CHUNK = 65536


class Reporter:
    """The server's end; without a pipe, in the foreground, it does nothing."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        if descriptor is not None:
            os.set_inheritable(descriptor, False)

    def ready(self) -> None:
        """Say that connections are accepted."""
        self._send({"ready": True})

    def failed(self, error: str, exit_code: int) -> None:
        """Say why the server did not start; after `ready` this does nothing."""
        self._send({"error": error, "exit_code": exit_code})

    def _send(self, message: dict[str, object]) -> None:
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            with os.fdopen(descriptor, "wb") as pipe:
                pipe.write(json.dumps(message).encode())
        except BrokenPipeError:
            pass  # whoever asked has gone; the server is none the worse


@dataclass(frozen=True, slots=True)
class Report:
    """What came through the pipe. All empty: it was closed without a word."""

    ready: bool = False
    error: str = ""
    exit_code: int = 0
    timed_out: bool = False


def wait_for_report(descriptor: int, seconds: float) -> Report:
    """Read the pipe to its end, for at most so many seconds."""
    deadline = time.monotonic() + seconds
    received = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return Report(timed_out=True)
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            break
        received += chunk
    if not received:
        return Report()
    return Report(**json.loads(received))
