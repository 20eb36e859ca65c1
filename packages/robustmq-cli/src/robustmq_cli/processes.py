"""[D] Starting a process in the background, and ending one without hitting another by accident."""

import contextlib
import errno
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from robustmq_common.errors import WorldError

_POLL_PAUSE: Final = 0.02  # seconds, where the system cannot tell when a process ends
_TAIL_BYTES: Final = 8192


def spawn(module: str, arguments: Sequence[str], output: int, pipe: int) -> subprocess.Popen[bytes]:
    """Run a module in a session of its own: no terminal, no input, output to a descriptor."""
    # -P: what lies in the working directory must not be imported instead of what is installed.
    return subprocess.Popen(  # noqa: S603 - this interpreter and our own module
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        pass_fds=[pipe],
    )


@contextlib.contextmanager
def interrupts_held() -> Iterator[None]:
    """Put off Ctrl-C to the end of a `with` block, in which it would leave a process behind."""
    pending = []
    before = signal.signal(signal.SIGINT, lambda number, _: pending.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pending:
        raise KeyboardInterrupt


def open_log(path: Path) -> int:
    """Open a log file for appending. Raises WorldError."""
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise WorldError(f"cannot write {path}: {error.strerror or error}") from error


def tail(path: Path, start: int, lines: int) -> list[str]:
    """Return the last lines of a file that were written after offset `start`."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(start, end - _TAIL_BYTES))
        text = file.read().decode(errors="replace")
    return [line for line in text.splitlines() if line.strip()][-lines:]


def ending(code: int) -> str:
    """Say how a process ended, by its return code as `subprocess` gives it."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def terminate(pid: int, still_it: Callable[[], bool], seconds: float) -> bool:
    """Send SIGTERM and wait for the process to end; False if it has not by then.

    still_it: whether the process is still the one that is meant; asked once its pid is pinned.
    Raises WorldError if it cannot be signalled.
    """
    try:
        descriptor = _pin(pid)
        try:
            if not still_it():
                return True
            if descriptor is None:
                os.kill(pid, signal.SIGTERM)
                return _wait_until(lambda: not still_it(), seconds)
            signal.pidfd_send_signal(descriptor, signal.SIGTERM)
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            return bool(poll.poll(seconds * 1000))
        finally:
            if descriptor is not None:
                os.close(descriptor)
    except ProcessLookupError:
        if not still_it():
            return True
        raise WorldError(
            f"process {pid} cannot be seen from here: is it in another container?"
        ) from None
    except PermissionError:
        raise WorldError(f"process {pid} belongs to another user: stop it as that user") from None


def _pin(pid: int) -> int | None:
    """Get a descriptor that means this process even if its pid is reused; None without support."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        # An old kernel, or a sandbox that forbids the call.
        if error.errno in {errno.ENOSYS, errno.EPERM}:
            return None
        raise


def _wait_until(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() >= deadline:
            return False
        time.sleep(_POLL_PAUSE)
    return True
