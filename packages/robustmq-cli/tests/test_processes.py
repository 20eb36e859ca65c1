import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from robustmq_cli import processes
from robustmq_common.errors import WorldError

OBEDIENT = "import sys; print('up', flush=True); sys.stdin.read()"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {OBEDIENT}"

Process = subprocess.Popen[bytes]


def start(code: str) -> Process:
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


@pytest.fixture
def obedient() -> Iterator[Process]:
    process = start(OBEDIENT)
    yield process
    process.communicate()


@pytest.fixture
def deaf() -> Iterator[Process]:
    process = start(DEAF)
    yield process
    process.communicate()


def alive(process: Process) -> bool:
    return process.poll() is None


def test_a_process_is_ended(obedient: Process) -> None:
    assert processes.terminate(obedient.pid, lambda: alive(obedient), 10)
    assert obedient.wait() == -signal.SIGTERM


@pytest.mark.parametrize("refusal", [None, errno.ENOSYS, errno.EPERM])
def test_without_help_of_the_system_too(
    obedient: Process, monkeypatch: pytest.MonkeyPatch, refusal: int | None
) -> None:
    if refusal is None:
        monkeypatch.delattr(os, "pidfd_open")
    else:

        def refuse(_: int) -> int:
            raise OSError(refusal, "refused")

        monkeypatch.setattr(os, "pidfd_open", refuse)
    assert processes.terminate(obedient.pid, lambda: alive(obedient), 10)
    assert obedient.wait() == -signal.SIGTERM


@pytest.mark.parametrize("pinned", [True, False])
def test_one_that_does_not_end_is_told(
    deaf: Process, monkeypatch: pytest.MonkeyPatch, pinned: bool
) -> None:
    if not pinned:
        monkeypatch.delattr(os, "pidfd_open")
    assert not processes.terminate(deaf.pid, lambda: alive(deaf), 0.1)
    assert alive(deaf)


def test_a_process_that_only_has_the_same_pid_is_spared(obedient: Process) -> None:
    assert processes.terminate(obedient.pid, lambda: False, 10)
    assert alive(obedient)


def test_one_that_has_gone_by_itself(obedient: Process) -> None:
    obedient.communicate()
    assert processes.terminate(obedient.pid, lambda: False, 10)


def test_one_that_cannot_be_seen(obedient: Process) -> None:
    obedient.communicate()
    with pytest.raises(WorldError, match="cannot be seen from here: is it in another container"):
        processes.terminate(obedient.pid, lambda: True, 10)


def test_one_of_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(signal, "pidfd_send_signal", refuse)
    with pytest.raises(WorldError, match="belongs to another user: stop it as that user"):
        processes.terminate(os.getpid(), lambda: True, 10)


def test_a_spawned_process_is_on_its_own(tmp_path: Path) -> None:
    (tmp_path / "shadow").mkdir()
    (tmp_path / "shadow" / "this.py").write_text("raise SystemExit('imported from here')")
    log = processes.open_log(tmp_path / "out.log")
    reading, writing = os.pipe()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path / "shadow")
        process = processes.spawn("this", ["3"], log, writing)
    os.close(writing)
    os.close(log)
    assert os.getsid(process.pid) == process.pid
    assert process.wait() == 0
    assert os.read(reading, 1) == b""
    os.close(reading)
    assert "Beautiful is better than ugly" in (tmp_path / "out.log").read_text()


def test_an_interrupt_waits_for_the_end_of_the_block() -> None:
    reached = []
    before = signal.getsignal(signal.SIGINT)

    def interrupted() -> None:
        with processes.interrupts_held():
            signal.raise_signal(signal.SIGINT)
            reached.append("the end")

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert reached == ["the end"]
    assert signal.getsignal(signal.SIGINT) is before
    with processes.interrupts_held():
        pass
    with pytest.raises(ValueError, match="its own"), processes.interrupts_held():
        raise ValueError("its own")


def test_a_log_is_the_owners_and_is_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "out.log"
    for text in (b"one\n", b"two\n"):
        log = processes.open_log(path)
        os.write(log, text)
        os.close(log)
    assert path.read_text() == "one\ntwo\n"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(WorldError, match=r"cannot write .*: Is a directory"):
        processes.open_log(tmp_path)


def test_the_tail_of_a_log_is_what_is_new(tmp_path: Path) -> None:
    path = tmp_path / "out.log"
    path.write_bytes(b"old\nnew 1\n\n  \nnew 2\nnew 3 \xff\n")
    assert processes.tail(path, 4, 2) == ["new 2", "new 3 \ufffd"]
    assert processes.tail(path, 4, 9)[0] == "new 1"
    assert processes.tail(path, 99, 9) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "ended with exit code 3"),
        (-9, "was ended by SIGKILL"),
        (-200, "was ended by signal 200"),
    ],
)
def test_how_a_process_ended(code: int, words: str) -> None:
    assert processes.ending(code) == words
