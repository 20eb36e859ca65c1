"""The packages of the workspace, read from hatch.toml, their pyproject.toml and their sources.

Everything that walks over the packages asks here, so a new package needs no change in tools/.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent

KINDS: Final = {
    "H": "hot and pure",
    "P": "pure",
    "D": "driver",
    "R": "service",
    "A": "composition",
}
_MARK: Final = re.compile(r"\[([A-Z])\] ")


@dataclass(frozen=True)
class Module:
    """One source file of a package."""

    path: Path
    name: str
    """Dotted import name."""

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.path.read_text(encoding="utf-8"), str(self.path))

    @cached_property
    def kind(self) -> str | None:
        """The letter that opens the docstring ("H" for `[H] ...`), or None if there is none."""
        found = _MARK.match(ast.get_docstring(self.tree) or "")
        return found[1] if found else None

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def is_bare(self) -> bool:
        """Whether this is an `__init__.py` with nothing but a docstring, which needs no kind."""
        return self.is_package and len(self.tree.body) <= 1


@dataclass(frozen=True)
class Package:
    """One member of the workspace: a folder with a pyproject.toml and src/<import_name>/."""

    path: Path

    @cached_property
    def settings(self) -> dict[str, Any]:
        return tomllib.loads((self.path / "pyproject.toml").read_text(encoding="utf-8"))

    @property
    def name(self) -> str:
        """Name of the distribution, as pip knows it."""
        return str(self.settings["project"]["name"])

    @property
    def import_name(self) -> str:
        return self.name.replace("-", "_")

    @property
    def source(self) -> Path:
        """The folder of the import package."""
        return self.path / "src" / self.import_name

    @property
    def tests(self) -> Path:
        return self.path / "tests"

    @property
    def requirements(self) -> list[str]:
        """The dependencies, as written."""
        return [str(item) for item in self.settings["project"]["dependencies"]]

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """Every source file, in the order of its path."""
        return tuple(self._modules())

    def _modules(self) -> Iterator[Module]:
        for path in sorted(self.source.rglob("*.py")):
            parts = path.relative_to(self.source.parent).with_suffix("").parts
            if parts[-1] == "__init__":
                parts = parts[:-1]
            yield Module(path, ".".join(parts))

    @property
    def hot(self) -> tuple[Module, ...]:
        """The modules to compile: those marked [H]."""
        return tuple(module for module in self.modules if module.kind == "H")

    @property
    def listed(self) -> list[str] | None:
        """The mypyc include list; None if the package has no mypyc build hook."""
        targets = self.settings["tool"]["hatch"]["build"]["targets"]
        hook = targets["wheel"].get("hooks", {}).get("mypyc")
        return None if hook is None else list(hook["include"])


def requirement_name(requirement: str) -> str:
    """Return the distribution a requirement such as "anyio>=4" names, in its normal form."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def packages(root: Path = ROOT) -> list[Package]:
    """Return the members of the workspace, in the order of their names."""
    hatch = tomllib.loads((root / "hatch.toml").read_text(encoding="utf-8"))
    patterns = hatch["envs"]["default"]["workspace"]["members"]
    members = [
        Package(path.parent)
        for pattern in patterns
        for path in root.glob(f"{pattern}/pyproject.toml")
    ]
    return sorted(members, key=lambda package: package.name)


def siblings(package: Package, members: list[Package]) -> list[Package]:
    """Return the members that `package` depends on."""
    wanted = {requirement_name(item) for item in package.requirements}
    return [member for member in members if member.name in wanted]


def source_tree(name: str) -> ast.Module:
    """Return the parsed source of a module, by its dotted name.

    For what is written in sources only: compiled modules have no docstrings and no source lines.
    """
    (tree,) = (
        module.tree for package in packages() for module in package.modules if module.name == name
    )
    return tree
