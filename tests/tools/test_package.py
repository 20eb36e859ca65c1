"""What `make package` accepts as a wheel, and as an answer of a broker."""

import socket
import threading
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from tools import package
from tools.workspace import Package, packages

SOURCES = ["__init__.py", "driver.py", "hot.py", "pure.py", "py.typed"]
EXTENSION = f"hot{EXTENSION_SUFFIXES[0]}"
PLAIN = "robustmq_one-1-py3-none-any.whl"
COMPILED = "robustmq_one-1-cp311-cp311-linux_x86_64.whl"


@pytest.fixture
def member(workspace: Path) -> Package:
    (found,) = packages(workspace)
    return found


def wheel(folder: Path, name: str, files: list[str]) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        for file in files:
            archive.writestr(f"robustmq_one/{file}", "")
    return path


def test_complete_wheels_pass(member: Package, tmp_path: Path) -> None:
    plain = wheel(tmp_path, PLAIN, SOURCES)
    assert "plain Python" in package.check_wheel(member, plain, compiled=False)
    compiled = wheel(tmp_path, COMPILED, [*SOURCES, EXTENSION])
    assert "1 modules compiled" in package.check_wheel(member, compiled, compiled=True)


@pytest.mark.parametrize("missing", ["hot.py", "py.typed", EXTENSION])
def test_a_wheel_that_lacks_something_does_not(
    member: Package, tmp_path: Path, missing: str
) -> None:
    files = [file for file in [*SOURCES, EXTENSION] if file != missing]
    with pytest.raises(package.ProofError, match=f"lacks robustmq_one/{missing}"):
        package.check_wheel(member, wheel(tmp_path, COMPILED, files), compiled=True)


def test_a_plain_wheel_is_for_every_machine(member: Package, tmp_path: Path) -> None:
    with pytest.raises(package.ProofError, match="one wheel for every machine"):
        package.check_wheel(member, wheel(tmp_path, COMPILED, SOURCES), compiled=False)


def serve(answers: list[bytes]) -> int:
    """Answer each thing that comes in with the next of `answers`; return the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        with listener, listener.accept()[0] as connection:
            for answer in answers:
                connection.recv(64)
                connection.sendall(answer)

    threading.Thread(target=run, daemon=True).start()
    return int(listener.getsockname()[1])


def test_a_broker_that_answers_as_it_should_passes() -> None:
    answer = package.DELIVERED + package.PUBACK
    package.talk(serve([package.CONNACK, package.SUBACK, answer, b""]))


@pytest.mark.parametrize(
    "answers",
    [
        [b"\x20\x02\x00\x05"],
        [package.CONNACK, b"\x90\x03\x00\x01\x80"],
        [package.CONNACK, package.SUBACK, package.PUBACK],
        [],
    ],
)
def test_a_broker_that_does_not_is_quoted(answers: list[bytes]) -> None:
    with pytest.raises((package.ProofError, OSError)):
        package.talk(serve(answers))


def test_free_ports_are_free() -> None:
    with socket.create_server(("127.0.0.1", package.free_port())):
        pass
