"""[D] The client's end of a broker's control socket."""

import contextlib
import json
import socket
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any, Final

from robustmq_common import errors
from robustmq_common.errors import NotRunning, RobustMQError, WorldError

ANSWER_MAX: Final = 512 * 1024 * 1024
"""Bytes of an answer, at most: a record of the largest size there may be, in base64."""


def ask_broker(
    path: Path, command: str, arguments: Mapping[str, Any]
) -> Generator[dict[str, Any], None, None]:
    """Send a command to the control socket at `path`; yields the answers as they come.

    To stop early is to close the iterator; the broker then cancels the command. Raises NotRunning
    if nobody listens there, WorldError if that cannot be found out or the broker goes away, and
    the broker's own error if it answers with one.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        _connect(connection, path)
        request = {"command": command, "arguments": arguments}
        try:
            # One that refuses the connection closes it, and what it said of that is there to read.
            with contextlib.suppress(BrokenPipeError):
                connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as lines:
                while True:
                    line = lines.readline(ANSWER_MAX)
                    if not line.endswith(b"\n"):
                        break
                    answer = json.loads(line)
                    if "error" in answer:
                        raise _error(answer["error"])
                    if answer.get("done") is True:
                        return
                    yield answer
        except ConnectionError:
            pass
    raise WorldError(f"the broker at {path} has ended before it had answered {command}")


def _connect(connection: socket.socket, path: Path) -> None:
    try:
        connection.connect(str(path))
    except (FileNotFoundError, ConnectionRefusedError):
        raise NotRunning(f"nobody listens on {path}: no broker runs there") from None
    except PermissionError:
        raise WorldError(
            f"{path} belongs to another user: run this as the user who runs the broker, or as root"
        ) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise WorldError(f"cannot connect to {path}: {reason}") from error


def _error(fields: Mapping[str, Any]) -> RobustMQError:
    """The error that the broker raised, as this version knows it."""
    kind = getattr(errors, str(fields.get("kind")), None)
    if not (isinstance(kind, type) and issubclass(kind, RobustMQError)):
        kind = WorldError
    return kind(str(fields.get("message")))
