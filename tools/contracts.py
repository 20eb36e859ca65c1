"""The import rules, handed to import-linter.

Modules say what kind they are in their docstring, so the contracts are made from the sources at
each run instead of being kept in a file that could fall behind:

- packages import robustmq_common and never each other; the command line alone imports the others,
  through their `app` and `client` modules;
- kinds import one way, A -> R -> D -> P -> H;
- a hot module imports next to nothing, a pure one no I/O, clock or chance;
- some libraries may be imported in one place only.

Imports for type checkers (`if TYPE_CHECKING:`) do not count: they bind nothing at run time.
"""

import os
import subprocess
import sys
import tempfile
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Final

from tools.workspace import ROOT, Package, packages

COMMON: Final = "robustmq_common"
COMPOSER: Final = "robustmq_cli"
FACADES: Final = ("app", "client")
RANK: Final = "ARDPH"

HOT_MAY_IMPORT: Final = {
    "__future__",
    "collections",  # collections.abc, for annotations
    "functools",  # partial
    "heapq",
    "json",  # for what is written when a session begins and ends, not for messages
    "mypy_extensions",
    "struct",
    "typing",
    "zlib",
}
PURE_MUST_NOT_IMPORT: Final = {
    # input and output
    *("asyncio", "anyio", "uvloop", "socket", "ssl", "select", "selectors", "socketserver"),
    *("http", "urllib", "smtplib", "mmap", "fcntl", "io", "pathlib", "os", "posix", "shutil"),
    *("tempfile", "glob", "sqlite3", "subprocess", "signal", "resource", "sys", "logging"),
    *("structlog", "rocksdict", "fsspec", "grpc"),
    # other threads of control
    *("threading", "_thread", "multiprocessing", "concurrent", "queue", "sched"),
    # clocks and chance
    *("time", "datetime", "random", "secrets", "uuid"),
}
ONE_PLACE: Final = {
    "pluggy": "robustmq_common.plugins",
    "rocksdict": "robustmq_common.kv",
    "fsspec": "robustmq_common.files",
    "opentelemetry": "robustmq_common.telemetry",
}

Contract = dict[str, str | list[str]]


def build(members: list[Package]) -> list[Contract]:
    """Return every contract for these packages."""
    names = sorted(package.import_name for package in members)
    by_kind: dict[str, list[str]] = {kind: [] for kind in RANK}
    for package in members:
        for module in package.modules:
            if module.kind is not None:
                by_kind[module.kind].append(module.name)
    contracts = [*_between_packages(names), *_between_kinds(by_kind)]
    roots = set(names)
    outside = set(sys.stdlib_module_names) | set(packages_distributions())
    hot = outside - HOT_MAY_IMPORT - roots
    contracts += [
        _forbid("Hot modules import next to nothing", by_kind["H"], sorted(hot)),
        _forbid("Pure modules do no I/O", by_kind["P"], sorted(PURE_MUST_NOT_IMPORT)),
    ]
    for library, place in ONE_PLACE.items():
        contract = _forbid(f"{library} is imported in {place} only", names, [library])
        contract["as_packages"] = "true"
        contract["ignore_imports"] = [f"{place} -> {library}", f"{place}.** -> {library}"]
        contracts.append(contract)
    return [item for item in contracts if item["source_modules"] and item["forbidden_modules"]]


def _between_packages(names: list[str]) -> list[Contract]:
    contracts = []
    for name in names:
        others = [other for other in names if other not in {name, COMMON}]
        if name == COMMON:
            others = [other for other in names if other != COMMON]
        title = f"{name} imports no package but {COMMON}"
        ignore = []
        if name == COMPOSER:
            title = f"{name} imports other packages through their {' and '.join(FACADES)} modules"
            ignore = [f"{name}.** -> {other}.{facade}" for other in others for facade in FACADES]
        contract = _forbid(title, [name], others)
        contract["as_packages"] = "true"
        contract["ignore_imports"] = ignore
        contracts.append(contract)
    return contracts


def _between_kinds(by_kind: dict[str, list[str]]) -> list[Contract]:
    contracts = []
    for position, kind in enumerate(RANK[1:], start=1):
        higher = [name for above in RANK[:position] for name in by_kind[above]]
        if higher:
            title = f"[{kind}] imports nothing above it ({' -> '.join(RANK)})"
            contracts.append(_forbid(title, by_kind[kind], higher))
    return contracts


def _forbid(title: str, sources: list[str], forbidden: list[str]) -> Contract:
    return {
        "name": title,
        "type": "forbidden",
        "source_modules": sources,
        "forbidden_modules": forbidden,
        "allow_indirect_imports": "true",
        "as_packages": "false",
        "unmatched_ignore_imports_alerting": "none",
    }


def render(roots: list[str], contracts: list[Contract]) -> str:
    """Return the configuration in import-linter's ini form."""
    lines = ["[importlinter]", "root_packages ="]
    lines += [f"    {name}" for name in roots]
    lines += ["include_external_packages = true", "exclude_type_checking_imports = true"]
    for number, contract in enumerate(contracts):
        lines += ["", f"[importlinter:contract:{number}]"]
        for key, value in contract.items():
            if isinstance(value, str):
                lines.append(f"{key} = {value}")
            elif value:
                lines += [f"{key} =", *(f"    {item}" for item in value)]
    return "\n".join(lines) + "\n"


def check(root: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the workspace at `root`; its output is in `stdout`."""
    members = packages(root)
    names = [package.import_name for package in members]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "contracts.ini"
        config.write_text(render(names, build(members)), encoding="utf-8")
        # The sources, not what is installed: both carry the same names.
        sources = os.pathsep.join(str(package.source.parent) for package in members)
        program = str(Path(sys.executable).parent / "lint-imports")
        return subprocess.run(
            [program, "--config", str(config), "--no-cache", "--no-logo"],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": sources},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def main(arguments: list[str]) -> int:
    if arguments == ["--show"]:
        members = packages()
        print(render([package.import_name for package in members], build(members)))
        return 0
    done = check(ROOT)
    print(done.stdout)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
