"""Builds the packages and keeps the environment up to date with their sources.

    python -m tools.build install        rebuild and reinstall what changed, and what depends on it
    python -m tools.build dist FOLDER    an sdist of every package, and a wheel made from it

Builds happen in copies below .build/, because mypyc leaves its extensions beside the sources, where
they would shadow every later edit. COMPILED=1 insists on compiled modules, COMPILED=0 on none;
without it they are compiled where this machine can.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

from tools.compiler import compiler_problem
from tools.workspace import ROOT, Package, packages, requirement_name, siblings

BUILD: Final = ROOT / ".build"
REQUIREMENTS: Final = ROOT / "tools" / "requirements-dev.txt"
RECORD: Final = Path(sys.prefix) / "robustmq-installed.json"
JOBS: Final = 2


class BuildError(Exception):
    """A package could not be built or installed; the message says which and shows the output."""


def wants_compiled() -> bool:
    """Return whether to compile, after COMPILED and what this machine can do."""
    wish = os.environ.get("COMPILED", "auto")
    if wish not in {"auto", "0", "1"}:
        raise BuildError(f"COMPILED is {wish!r}: set it to 1, 0 or auto")
    if wish == "0":
        print("setup: COMPILED=0, so every module runs as plain Python")
        return False
    problem = compiler_problem()
    if problem is None:
        return True
    if wish == "1":
        raise BuildError(f"COMPILED=1, but {problem}")
    print(f"setup: {problem}, so every module runs as plain Python (slower, otherwise the same)")
    return False


def fingerprint(package: Package, members: list[Package], *, compiled: bool) -> str:
    """Return a digest of everything that a build of `package` depends on."""
    digest = hashlib.sha256(f"{sys.version} {compiled}".encode())
    for path in _inputs(package, members, compiled=compiled):
        digest.update(f"\n{path.relative_to(ROOT)}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _inputs(package: Package, members: list[Package], *, compiled: bool) -> Iterator[Path]:
    yield package.path / "pyproject.toml"
    for path in sorted(package.source.rglob("*")):
        inner = path.relative_to(package.source).parts
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in inner):
            yield path
    if compiled and package.hot:
        yield REQUIREMENTS
        # mypyc writes the constants of other packages' modules into the code it makes.
        for sibling in siblings(package, members):
            yield from (module.path for module in sibling.hot)


def run(command: list[str], folder: Path, what: str, **environment: str) -> None:
    """Run a command quietly; raise BuildError with its output if it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        # What mypyc found matters more than the way through the build backend to it.
        output = done.stdout.rpartition("Error while invoking Mypyc:\n")[2].strip()
        raise BuildError(f"{what} failed (exit {done.returncode}):\n{output}")


def build_wheel(package: Package, folder: Path, *, compiled: bool) -> Path:
    """Build the wheel of the package whose files are in `folder`; return its path."""
    environment = {"HATCH_BUILD_HOOKS_ENABLE": "true"} if compiled and package.hot else {}
    return _hatchling(package, folder, "wheel", **environment)


def _hatchling(package: Package, folder: Path, target: str, **environment: str) -> Path:
    output = BUILD / target / package.import_name
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(output)]
    run(command, folder, f"building the {target} of {package.name}", **environment)
    (artefact,) = output.iterdir()
    return artefact


def copy(package: Package) -> Path:
    """Copy a package to .build/ and return the folder; links become files."""
    folder = BUILD / package.import_name
    shutil.rmtree(folder, ignore_errors=True)
    unwanted = shutil.ignore_patterns("__pycache__", "*.so", "dist", ".*_cache")
    shutil.copytree(package.path, folder, ignore=unwanted)
    return folder


def _pip(*arguments: str, what: str) -> None:
    run([sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments], ROOT, what)


def install() -> None:
    """Bring the environment up to date; does nothing if nothing changed."""
    members = packages()
    compiled = wants_compiled()
    installed = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    wanted = {item.name: fingerprint(item, members, compiled=compiled) for item in members}
    stale = [item for item in members if installed.get(item.name) != wanted[item.name]]
    if stale:
        names = {member.name for member in members}
        needed = {item for member in members for item in member.requirements}
        outside = sorted(item for item in needed if requirement_name(item) not in names)
        _pip("install", "-q", "-c", str(REQUIREMENTS), *outside, what="installing dependencies")
    order = TopologicalSorter(
        {
            # Only a compiled build reads the packages it depends on, to check types.
            item: siblings(item, stale) if compiled and item.hot else []
            for item in stale
        }
    )
    order.prepare()
    while order.is_active():
        ready = sorted(order.get_ready(), key=lambda item: item.name)
        with ThreadPoolExecutor(JOBS) as pool:
            builds = [pool.submit(_build, item, compiled=compiled) for item in ready]
        # One package that does not build is no reason to build the others again next time.
        done = {
            item: build.result()
            for item, build in zip(ready, builds, strict=True)
            if build.exception() is None
        }
        if done:
            options = ["--no-deps", "--no-index", "--force-reinstall", "-q"]
            _pip("install", *options, *map(str, done.values()), what="installing the wheels")
            installed |= {item.name: wanted[item.name] for item in done}
            RECORD.write_text(json.dumps(installed | {"compiled": compiled}), encoding="utf-8")
        for build in builds:
            build.result()
        order.done(*ready)


def _build(package: Package, *, compiled: bool) -> Path:
    form = "compiled" if compiled and package.hot else "plain"
    print(f"setup: building {package.name} ({form})", flush=True)
    return build_wheel(package, copy(package), compiled=compiled)


def dist(output: Path) -> list[Path]:
    """Build an sdist of every package and a wheel from each sdist; return the wheels."""
    compiled = wants_compiled()
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    with ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(lambda item: _dist_one(item, output, compiled=compiled), packages()))


def _dist_one(package: Package, output: Path, *, compiled: bool) -> Path:
    sdist = _hatchling(package, copy(package), "sdist")
    unpacked = BUILD / "unpacked" / package.import_name
    shutil.rmtree(unpacked, ignore_errors=True)
    run([sys.executable, "-m", "tarfile", "-e", str(sdist), str(unpacked)], ROOT, f"{sdist.name}")
    (inner,) = unpacked.iterdir()
    wheel = build_wheel(package, inner, compiled=compiled)
    for artefact in (sdist, wheel):
        shutil.copy2(artefact, output)
    return output / wheel.name


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["install"]:
                install()
            case ["dist", folder]:
                for wheel in dist(Path(folder).resolve()):
                    print(wheel.name)
            case _:
                print(__doc__)
                return 2
    except BuildError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
