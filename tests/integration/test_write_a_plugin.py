"""docs/howto/write-a-plugin.md: its code is the samples' code, and its commands do what it says."""

import doctest
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = (ROOT / "docs" / "howto" / "write-a-plugin.md").read_text(encoding="utf-8")
SAMPLE: Final = ROOT / "tests" / "plugins" / "line-echo"
STAND_INS: Final = ("1883", "7007")
"""Ports of the page; here, free ones take their place."""


def blocks(language: str, text: str = PAGE) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[tuple[str, str]]:
    """Each command of the page, with what it is said to print."""
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


def free_ports() -> Iterator[int]:
    """Ports that nobody uses, below those that the system gives to whoever asks for any."""
    for port in range(20_000 + os.getpid() % 10_000, 32_000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                yield port


def test_the_code_of_the_protocol_is_that_of_the_sample() -> None:
    protocol = PAGE[: PAGE.index("### Testing it")]
    source = (SAMPLE / "line_echo.py").read_text(encoding="utf-8")
    shown = blocks("python", protocol)
    assert len(shown) == 4
    for block in shown:
        assert block in source
    assert blocks("toml", protocol) == [(SAMPLE / "pyproject.toml").read_text(encoding="utf-8")]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder that looks like the root of the repository, with the files the page has made."""
    (tmp_path / "tests").symlink_to(ROOT / "tests")
    files = re.findall(r"`(team-auth/[\w.]+)`:\n\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert [name for name, _ in files] == ["team-auth/pyproject.toml", "team-auth/team_auth.py"]
    for name, text in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Where pip installs into a folder, without a network, and MQTT is served on a free port."""
    folder = str(tmp_path / "installed")
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(filter(None, [folder, os.environ.get("PYTHONPATH", "")])),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PIP_TARGET": folder,
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_COMPILE": "0",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_ROOT_USER_ACTION": "ignore",
    }


class Shell:
    """Runs commands in the checkout."""

    def __init__(self, checkout: Path, environment: dict[str, str]) -> None:
        self.checkout = checkout
        self.environment = environment

    def run(self, command: str) -> str:
        """What a command prints, on either stream."""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self.checkout,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout


@pytest.fixture
def shell(checkout: Path, environment: dict[str, str]) -> Iterator[Shell]:
    shell = Shell(checkout, environment)
    yield shell
    # Whatever failed: no broker is left behind.
    shell.run("robust-server stop --data-dir demo")


@pytest.mark.timeout(180)
@pytest.mark.skipif(not shutil.which("mosquitto_pub"), reason="mosquitto_pub is not installed")
def test_every_command_does_what_the_page_says(shell: Shell) -> None:
    ports = {port: str(free) for port, free in zip(STAND_INS, free_ports(), strict=False)}
    shell.environment["ROBUSTMQ_LISTENERS__TCP__BIND"] = f"127.0.0.1:{ports['1883']}"
    checker = doctest.OutputChecker()
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    failures = []
    for documented, expected in commands():
        command = documented.replace("mosquitto_pub", "mosquitto_pub -p 1883")
        for port, free in ports.items():
            expected = expected.replace(port, free)  # noqa: PLW2901
            command = command.replace(port, free)
        printed = shell.run(command)
        if not checker.check_output(expected, printed, options):
            failures.append(f"$ {command}\n{printed}--- but the page says:\n{expected}")
    assert not failures, "\n".join(failures)
