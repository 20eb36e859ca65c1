"""Keeps each package's mypyc include list equal to the modules it marks [H].

The mark in a module's docstring is the truth; the list in pyproject.toml exists because the build
hook needs one, also when pip builds an sdist far away from these tools.

    python -m tools.kinds            complain about a difference, exit 1
    python -m tools.kinds --write    write the lists
"""

import re
import sys
from collections.abc import Iterator

from tools.workspace import KINDS, Package, packages

_INCLUDE = re.compile(r"^include = \[\n(?:  .*\n)*\]$", re.MULTILINE)


def wanted(package: Package) -> list[str]:
    """Return the include list that matches the marks."""
    return [f"/{module.path.relative_to(package.path).as_posix()}" for module in package.hot]


def problems(package: Package) -> Iterator[str]:
    """Yield one sentence for each module without a kind, and for each wrong list."""
    for folder in sorted({module.path.parent for module in package.modules}):
        if not (folder / "__init__.py").is_file():
            yield f"{folder}: has modules but no __init__.py"
    for module in package.modules:
        if module.kind is None and not module.is_bare:
            yield (
                f"{module.path}: the docstring must open with the module's kind, "
                f"one of {', '.join(f'[{kind}]' for kind in KINDS)}"
            )
        elif module.kind is not None and module.kind not in KINDS:
            yield f"{module.path}: [{module.kind}] is not one of {', '.join(KINDS)}"
        elif module.kind == "H" and module.is_package:
            yield f"{module.path}: an __init__ is never compiled, so it cannot be [H]"
    if package.listed is None and package.hot:
        yield f"{package.path}/pyproject.toml: has [H] modules but no mypyc build hook"
    elif package.listed is not None and package.listed != wanted(package):
        differ = sorted(set(package.listed) ^ set(wanted(package)))
        yield (
            f"{package.path}/pyproject.toml: the mypyc include list and the modules marked [H] "
            f"differ ({', '.join(differ) or 'in their order'}); run `make kinds`"
        )


def write(package: Package) -> bool:
    """Write the include list; return whether the file changed."""
    if package.listed is None:
        return False
    path = package.path / "pyproject.toml"
    before = path.read_text(encoding="utf-8")
    lines = "".join(f'  "{item}",\n' for item in wanted(package))
    after, count = _INCLUDE.subn(f"include = [\n{lines}]", before)
    assert count == 1, f"{path}: expected one multi-line include list, found {count}"
    if after != before:
        path.write_text(after, encoding="utf-8")
    return after != before


def main(arguments: list[str]) -> int:
    members = packages()
    if arguments == ["--write"]:
        for package in members:
            if write(package):
                print(f"{package.name}: wrote the list of compiled modules")
        members = packages()
    found = [problem for package in members for problem in problems(package)]
    for problem in found:
        print(problem)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
