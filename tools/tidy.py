"""Style that no other tool checks: sizes, test files, leftovers, and what must not be written down.

Files are those that git tracks or would track. Exceptions are listed with their reason in the root
pyproject.toml: [tool.robustmq.tidy.untested] for modules without a test file of the same path, and
[tool.robustmq.tidy.generated] for files whose size does not matter.
"""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tools.workspace import ROOT, Module, Package, packages

FILE_LINES_WARN: Final = 400
FILE_LINES_MAX: Final = 650
FUNCTION_LINES_MAX: Final = 70
FUNCTION_LINES_P95: Final = 45

TEXT: Final = {".py", ".md", ".toml", ".sh", ".json", ".txt", ".yml", ".yaml", ".cfg", ""}

MADE: Final = {"__pycache__", "build", "dist", "node_modules"}

FORBIDDEN: Final = {
    # Written in pieces, or this file would complain about itself.
    re.compile(rf"\b(?:{'TO'}DO|{'FIX'}ME|{'XX'}X|{'HA'}CK)\b"): "a leftover: do it or drop it",
    re.compile(r"(?<![\w.}])/(?:home|root|Users|work)/\w"): "a path of one machine",
    re.compile(r"\b(?:pypi\.org|pythonhosted\.org|npmjs\.(?:org|com))\b"): "a registry host",
    re.compile(r"^(?:<{7}|>{7}) "): "an unresolved merge conflict",
}
CLIMB: Final = re.compile(r"(?<![\w.])(?:\.\./)+([\w.-]+)")


def tracked(root: Path = ROOT) -> list[Path]:
    """Return the files git tracks or would track, without links and deleted files."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        # An unpacked archive, or no git: everything but what make and the tools put there.
        return sorted(_all_files(root))
    paths = (root / name for name in done.stdout.split("\0") if name)
    return sorted(path for path in paths if path.is_file() and not path.is_symlink())


def _all_files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_symlink():
            continue
        if path.is_file():
            yield path
        elif path.name not in MADE and not path.name.startswith("."):
            yield from _all_files(path)


def text_problems(path: Path, text: str, root: Path = ROOT) -> Iterator[str]:
    """Yield what must not be written in any file."""
    depth = len(path.relative_to(root).parts) - 1
    for number, line in enumerate(text.splitlines(), start=1):
        where = f"{path.relative_to(root)}:{number}"
        for pattern, reason in FORBIDDEN.items():
            if pattern.search(line):
                yield f"{where}: {reason}"
        for climb in CLIMB.finditer(line):
            # A program may write links for a file that lies deeper than it does itself.
            inside = (root / climb[1]).exists()
            if climb[0].count("../") > depth and not inside:
                yield f"{where}: {climb[0]} leads out of the repository"


def size_problems(path: Path, text: str, root: Path = ROOT) -> Iterator[str]:
    """Yield a problem if a Python file is too long."""
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        yield f"{path.relative_to(root)}: {lines} lines; split it ({FILE_LINES_MAX} is the limit)"


def function_lengths(tree: ast.Module) -> Iterator[tuple[str, int, int]]:
    """Yield the name, first line and length in lines (with docstring) of every function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1


def percentile_95(values: list[int]) -> int:
    """Return the value that 95 in 100 do not exceed; 0 if there are none."""
    ordered = sorted(values)
    return ordered[(len(ordered) * 95 + 99) // 100 - 1] if ordered else 0


def sleep_problems(path: Path, tree: ast.Module, root: Path = ROOT) -> Iterator[str]:
    """Yield each sleep in a test; sleep(0), which only yields the processor, is fine."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _called(node) == "sleep":
            match node.args:
                case [ast.Constant(value=0)]:
                    continue
            yield (
                f"{path.relative_to(root)}:{node.lineno}: a test waits for a condition with a "
                "deadline, it never sleeps"
            )


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def test_file(package: Package, module: Module) -> Path:
    """Return where the tests of a module belong: the same path, below tests/."""
    inner = module.path.relative_to(package.source)
    return package.tests / inner.with_name(f"test_{inner.name}")


def has_behaviour(module: Module) -> bool:
    """Return whether any function does something; constants and interfaces need no tests."""
    return any(
        not _is_stub(statement)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for statement in node.body
    )


def _is_stub(statement: ast.stmt) -> bool:
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Raise() | ast.Pass():
            return True
    return False


def test_problems(package: Package, untested: dict[str, str]) -> Iterator[str]:
    """Yield each module without a test file, and each listed exception that is none."""
    for module in package.modules:
        exists = test_file(package, module).is_file()
        if module.name in untested:
            if exists:
                yield f"{module.name} is listed as untested in pyproject.toml, but has a test file"
        elif not exists and not module.is_package and has_behaviour(module):
            expected = test_file(package, module).relative_to(ROOT)
            yield f"{module.name} has no test file {expected}, nor a reason in pyproject.toml"


def leftovers(package: Package) -> Iterator[str]:
    """Yield build products beside the sources: they would shadow later edits."""
    for path in sorted(package.source.parent.rglob("*")):
        if path.suffix in {".so", ".pyd", ".c"}:
            yield f"{path.relative_to(ROOT)}: a build product among the sources; delete it"


def _python_problems(
    path: Path, text: str, lengths: list[int], generated: dict[str, str]
) -> Iterator[str]:
    tree = ast.parse(text, str(path))
    name = path.relative_to(ROOT).as_posix()
    if name not in generated:
        yield from size_problems(path, text)
        for function, line, length in function_lengths(tree):
            if length > FUNCTION_LINES_MAX:
                yield f"{name}:{line}: {function} has {length} lines; {FUNCTION_LINES_MAX} at most"
            if "/src/" in name:
                lengths.append(length)
    in_tests = "tests" in path.relative_to(ROOT).parts
    if in_tests and "support" not in path.parts:
        yield from sleep_problems(path, tree)


def check(settings: dict[str, Any]) -> Iterator[str]:
    """Yield every problem of the repository."""
    untested: dict[str, str] = settings.get("untested", {})
    generated: dict[str, str] = settings.get("generated", {})
    lengths: list[int] = []
    for path in tracked():
        if path.suffix not in TEXT or path.name == "LICENSE":
            continue
        text = path.read_text(encoding="utf-8")
        yield from text_problems(path, text)
        if path.suffix == ".py":
            yield from _python_problems(path, text, lengths, generated)
    p95 = percentile_95(lengths)
    if p95 > FUNCTION_LINES_P95:
        yield f"95% of the functions should fit in {FUNCTION_LINES_P95} lines; it takes {p95} now"
    members = packages()
    for package in members:
        yield from test_problems(package, untested)
        yield from leftovers(package)
    known = {module.name for package in members for module in package.modules}
    for name in sorted(set(untested) - known):
        yield f"{name} is listed as untested in pyproject.toml, but does not exist"


def warnings() -> Iterator[str]:
    """Yield files that grow too long, though they may stay for now."""
    for path in tracked():
        if path.suffix == ".py":
            lines = path.read_text(encoding="utf-8").count("\n")
            if FILE_LINES_WARN < lines <= FILE_LINES_MAX:
                yield f"{path.relative_to(ROOT)}: {lines} lines; think of splitting it"


def main() -> int:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for warning in warnings():
        print(f"warning: {warning}")
    problems = list(check(settings["tool"]["robustmq"]["tidy"]))
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
