"""[D] The robust-server of a data directory: at most one, found by a lock that dies with it.

The running process holds an flock on robust-server.pid. Whether somebody holds it says whether a
server runs, even if the file is stale and its pid now belongs to another process. What listens
where stands in robust-server.json, once it does.
"""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from robustmq_common.errors import CallerError, WorldError

PID_FILE: Final = "robust-server.pid"
STATE_FILE: Final = "robust-server.json"
LOG_FILE: Final = "robust-server.log"

_LOCK_ATTEMPTS: Final = 20
_LOCK_PAUSE: Final = 0.01  # seconds


@dataclass(frozen=True, slots=True)
class ListenerState:
    """An open listener; `address` has the port that was chosen for port 0."""

    name: str
    protocol: str
    transport: str
    address: str


@dataclass(frozen=True, slots=True)
class State:
    """What a server writes down once it accepts connections; `started` in epoch seconds."""

    pid: int
    started: float
    listeners: list[ListenerState]


@dataclass(frozen=True, slots=True)
class Running:
    """A server that runs; `pid` is 0 while it is not known, `state` None until it is ready."""

    pid: int
    state: State | None


def prepare(folder: Path) -> None:
    """Create the data directory, for its owner only. Raises WorldError if that cannot be done."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except FileExistsError:
        raise _unusable(folder, "it is a file") from None
    except OSError as error:
        raise _unusable(folder, _reason(error)) from error


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Be the server of a data directory, which exists, for the time of a `with` block.

    Raises CallerError naming the other server's pid if there is one, WorldError if the directory
    cannot be written.
    """
    try:
        descriptor = _locked(folder)
    except BlockingIOError:
        raise CallerError(in_use(folder, _pid(folder))) from None
    except OSError as error:
        raise _unusable(folder, _reason(error)) from error
    try:
        # One write, in place: whoever reads meanwhile finds the old pid or the new one.
        content = f"{os.getpid()}\n".encode()
        os.pwrite(descriptor, content, 0)
        os.ftruncate(descriptor, len(content))
        yield
    finally:
        # Nobody else takes them while the lock is held; see `_locked`.
        (folder / STATE_FILE).unlink(missing_ok=True)
        (folder / PID_FILE).unlink(missing_ok=True)
        os.close(descriptor)


def running(folder: Path) -> Running | None:
    """Find the server of a data directory. Raises WorldError if its files cannot be read."""
    try:
        descriptor = os.open(folder / PID_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise WorldError(f"cannot read {folder / PID_FILE}: {_reason(error)}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = _pid(folder)
        state = _read_state(folder)
        # A state of another pid was left by a server that was killed.
        return Running(pid, state if state is not None and state.pid == pid else None)
    else:
        return None
    finally:
        os.close(descriptor)


def write_state(folder: Path, listeners: list[ListenerState]) -> None:
    """Write down what listens where, all at once. Raises WorldError."""
    state = State(os.getpid(), time.time(), listeners)
    draft = folder / f"{STATE_FILE}.new"
    try:
        draft.write_text(json.dumps(asdict(state), indent=2) + "\n", encoding="utf-8")
        draft.replace(folder / STATE_FILE)
    except OSError as error:
        raise WorldError(f"cannot write {folder / STATE_FILE}: {_reason(error)}") from error


def in_use(folder: Path, pid: int) -> str:
    """Say that a data directory has its server already, and what to do."""
    who = f"a robust-server with pid {pid}" if pid else "another robust-server"
    return (
        f"{who} is already running on the data directory {folder}; stop it with "
        f"`robust-server stop --data-dir {folder}`, or choose another with --data-dir"
    )


def _locked(folder: Path) -> int:
    """Open and lock the pid file. Raises BlockingIOError if somebody else has it."""
    for attempt in range(_LOCK_ATTEMPTS):
        descriptor = os.open(folder / PID_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # An ending server removes its file: then what was locked is no longer the pid file.
            if os.path.samestat(os.fstat(descriptor), (folder / PID_FILE).stat()):
                return descriptor
        except FileNotFoundError:
            pass
        except BlockingIOError:
            # Someone who only looks whether a server runs has the lock for a few microseconds.
            if attempt == _LOCK_ATTEMPTS - 1:
                os.close(descriptor)
                raise
            time.sleep(_LOCK_PAUSE)
        os.close(descriptor)
    raise BlockingIOError


def _pid(folder: Path) -> int:
    try:
        return int((folder / PID_FILE).read_text(encoding="ascii").split("\n")[0])
    except (OSError, ValueError):
        return 0


def _read_state(folder: Path) -> State | None:
    try:
        fields: dict[str, Any] = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        listeners = [ListenerState(**one) for one in fields["listeners"]]
        return State(int(fields["pid"]), float(fields["started"]), listeners)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise WorldError(
            f"{folder / STATE_FILE} is damaged ({type(error).__name__}: {error}); remove it"
        ) from error


def _unusable(folder: Path, reason: str) -> WorldError:
    return WorldError(
        f"the data directory {folder} cannot be used: {reason}; choose another with --data-dir"
    )


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
