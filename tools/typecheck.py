"""Runs mypy --strict over sources, tests and tools.

Each folder of tests is a run of its own, because test files of two packages may share a name. So
may two files of one package, in different folders; then it takes several runs.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from tools.workspace import ROOT, packages

CACHE: Final = ROOT / ".mypy_cache"
JOBS: Final = 2


def targets() -> dict[str, list[str]]:
    """Return what to check: a name for each run, and the folders it covers."""
    members = packages()
    found = {"sources": [str(package.source) for package in members], "tools": ["tools"]}
    for package in members:
        for number, files in enumerate(_without_clashes(package.tests)):
            found[f"tests-{package.name}{f'-{number}' if number else ''}"] = files
    for folder in [*sorted((ROOT / "tests").iterdir()), ROOT / "bench", ROOT / "fuzz"]:
        found[f"{folder.parent.name}-{folder.name}"] = [str(folder)]
    return {
        name: folders
        for name, folders in found.items()
        if any(_has_sources(ROOT / folder) for folder in folders)
    }


def _has_sources(path: Path) -> bool:
    return path.is_file() or next(path.rglob("*.py"), None) is not None


def _without_clashes(tests: Path) -> list[list[str]]:
    """The files of a folder in as few groups as it takes for no name to be twice in one."""
    groups: list[dict[str, str]] = []
    for path in sorted(tests.rglob("*.py")):
        group = next((group for group in groups if path.name not in group), None)
        if group is None:
            groups.append(group := {})
        group[path.name] = str(path)
    return [list(group.values()) for group in groups]


def check(name: str, folders: list[str]) -> tuple[str, bool]:
    """Run mypy over `folders`; return its output and whether it found nothing."""
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(CACHE / name), *folders]
    environment = {**os.environ, "MYPY_FORCE_COLOR": "1"} if sys.stdout.isatty() else None
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return f"{name}: {done.stdout.strip()}", done.returncode == 0


def main(arguments: list[str]) -> int:
    chosen = {
        name: folders
        for name, folders in targets().items()
        if not arguments or any(wish in name for wish in arguments)
    }
    with ThreadPoolExecutor(JOBS) as pool:
        results = list(pool.map(lambda item: check(*item), chosen.items()))
    for output, clean in results:
        if not clean:
            print(output)
    passed = sum(clean for _, clean in results)
    print(f"mypy: {passed} of {len(results)} runs without errors")
    return 0 if passed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
