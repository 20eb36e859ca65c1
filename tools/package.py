"""Builds wheels and sdists into dist/, and proves them.

The proof: all wheels are installed into an empty environment, with their dependencies from the
package index; a broker runs from there in both forms, and a message goes through it.

    python -m tools.package
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from typing import Final

from tools.build import BuildError, dist, run, wants_compiled
from tools.workspace import ROOT, Package, packages

DIST: Final = ROOT / "dist"
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
TALK_SECONDS: Final = 5.0

# MQTT 3.1.1, by hand: the proof must not lean on the code it proves.
CONNECT: Final = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x3c\x00\x05proof"
CONNACK: Final = b"\x20\x02\x00\x00"
SUBSCRIBE: Final = b"\x82\x0a\x00\x01\x00\x05proof\x00"
SUBACK: Final = b"\x90\x03\x00\x01\x00"
PUBLISH_QOS_1: Final = b"\x32\x10\x00\x05proof\x00\x02message"
PUBACK: Final = b"\x40\x02\x00\x02"
DELIVERED: Final = b"\x30\x0e\x00\x05proofmessage"
DISCONNECT: Final = b"\xe0\x00"

PRINT_FORM: Final = """
from robustmq_common import implementation
import {imports}
print(implementation.running())
"""


class ProofError(Exception):
    """What was built does not do what it should."""


def check_wheel(package: Package, wheel: Path, *, compiled: bool) -> str:
    """Check what a wheel holds; return one line about it."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    missing = sorted(_expected(package, compiled=compiled) - names)
    if missing:
        raise ProofError(f"{wheel.name} lacks {', '.join(missing)}")
    if not compiled and not wheel.name.endswith("-py3-none-any.whl"):
        raise ProofError(f"{wheel.name} should be one wheel for every machine")
    size = wheel.stat().st_size // 1024
    hot = f"{len(package.hot)} modules compiled" if compiled and package.hot else "plain Python"
    return f"{wheel.name} ({size} KiB, {hot})"


def _expected(package: Package, *, compiled: bool) -> set[str]:
    sources = package.source.parent
    names = [module.path.relative_to(sources).as_posix() for module in package.modules]
    hot = [module.path.relative_to(sources).as_posix() for module in package.hot]
    extensions = [name.removesuffix(".py") + EXTENSION_SUFFIXES[0] for name in hot]
    return {*names, f"{package.import_name}/py.typed", *(extensions if compiled else [])}


def talk(port: int) -> None:
    """Connect, subscribe, publish at QoS 1 and get the message back, byte for byte."""
    with socket.create_connection(("127.0.0.1", port), timeout=TALK_SECONDS) as connection:
        for sent, expected in (
            (CONNECT, {CONNACK}),
            (SUBSCRIBE, {SUBACK}),
            (PUBLISH_QOS_1, {PUBACK + DELIVERED, DELIVERED + PUBACK}),
        ):
            connection.sendall(sent)
            received = b""
            while len(received) < len(next(iter(expected))):
                piece = connection.recv(64)
                if not piece:
                    break
                received += piece
            if received not in expected:
                raise ProofError(f"after {sent!r} the broker answered {received!r}")
        connection.sendall(DISCONNECT)


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once `port` takes connections; raise ProofError with the log if it never does."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise ProofError(f"the broker does not listen on port {port}; it said:\n{log.read_text()}")


def prove(environment: Path, scratch: Path, form: str) -> None:
    """Run a broker from `environment` in `form`, talk to it and stop it."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    variables["ROBUSTMQ_PURE"] = "1" if form == "plain" else "0"
    imports = ", ".join(package.import_name for package in packages())
    found = subprocess.run(
        [environment / "bin" / "python", "-c", PRINT_FORM.format(imports=imports)],
        cwd=scratch,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    if found != form:
        raise ProofError(f"the installed packages should run {form}, but run {found}")
    port = free_port()
    log = scratch / f"{form}.log"
    command = [str(environment / "bin" / "robust-server"), "run"]
    command += ["--data-dir", str(scratch / form), "--set", f"listeners.tcp.bind=127.0.0.1:{port}"]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=scratch, env=variables, stdout=output, stderr=subprocess.STDOUT
        ) as process,
    ):
        try:
            wait_until_open(port, process, log)
            talk(port)
            look = [str(environment / "bin" / "robust-ctl"), "storage", "usage"]
            run([*look, "--data-dir", str(scratch / form)], scratch, "asking the broker")
            process.send_signal(signal.SIGTERM)
            code = process.wait(STOP_SECONDS)
        finally:
            process.kill()
    if code != 0:
        raise ProofError(f"after SIGTERM the broker exited with {code}:\n{log.read_text()}")
    if form not in log.read_text():
        raise ProofError(f"the broker's log does not say that it runs {form}:\n{log.read_text()}")
    print(f"package: {form}: connected, subscribed, published, received, asked, stopped with 0")


def build_and_prove() -> None:
    """Fill dist/ and raise ProofError or BuildError if a broker does not run from it."""
    compiled = wants_compiled()
    for package, wheel in zip(packages(), dist(DIST), strict=True):
        print(f"package: {check_wheel(package, wheel, compiled=compiled)}")
    scratch = Path(tempfile.mkdtemp(prefix="robustmq-package-"))
    try:
        environment = scratch / "venv"
        script = str(ROOT / "tools" / "venv.sh")
        run(["sh", script, sys.executable, str(environment)], scratch, "creating an environment")
        pip = [str(environment / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        wheels = sorted(str(wheel) for wheel in DIST.glob("*.whl"))
        run([*pip, "install", "-q", *wheels], scratch, "installing the wheels")
        run([*pip, "check"], scratch, "checking the installed requirements")
        print(f"package: installed {len(wheels)} wheels into an empty environment")
        for form in ["compiled", "plain"] if compiled else ["plain"]:
            prove(environment, scratch, form)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def main() -> int:
    try:
        build_and_prove()
    except (BuildError, ProofError, OSError, subprocess.SubprocessError) as error:
        print(f"package: {error}", file=sys.stderr)
        return 1
    print(f"package: wheels and sdists are in {DIST.relative_to(ROOT)}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
