"""[D] Which form of the hot modules this process runs: compiled by mypyc, or plain Python.

A compiled wheel holds both: `topic.py` and, beside it, `topic.cpython-311-x86_64-linux-gnu.so`,
which Python prefers. ROBUSTMQ_PURE=1 turns that round for every `robustmq_*` package: a finder at
the front of `sys.meta_path` sees their sources only. All of a process runs one form, so the choice
is made once, by the first robustmq package that is imported and before any of its modules is.

A hot module is one whose source opens with the mark [H]. Nothing else lists them at run time.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from pathlib import Path
from types import ModuleType
from typing import Final

VARIABLE: Final = "ROBUSTMQ_PURE"
COMPILED: Final = "compiled"
PLAIN: Final = "plain"

_PREFIX: Final = "robustmq_"
_MARK: Final = b'"""[H]'

_chosen = False


class SourcesOnlyFinder(MetaPathFinder):
    """Finds the submodules of `robustmq_*` packages, and only in `.py` files."""

    def __init__(self) -> None:
        self._sources: dict[str, FileFinder] = {}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002 - the import system passes it
    ) -> ModuleSpec | None:
        """Return the source of a robustmq submodule; None leaves the name to other finders.

        Raises ImportError if the module exists in compiled form only.
        """
        # A top-level package has no path; its __init__ is never compiled: any finder will do.
        if path is None or not fullname.startswith(_PREFIX):
            return None
        for entry in path:
            if entry not in self._sources:
                self._sources[entry] = FileFinder(entry, (SourceFileLoader, SOURCE_SUFFIXES))
            spec = self._sources[entry].find_spec(fullname)
            if spec is not None and spec.loader is not None:
                return spec
        for entry in path:
            compiled = FileFinder(entry, (ExtensionFileLoader, EXTENSION_SUFFIXES))
            spec = compiled.find_spec(fullname)
            if spec is not None and spec.loader is not None:
                message = (
                    f"{VARIABLE}=1 asks for plain Python, but {fullname} has no source beside "
                    f"{spec.origin}; reinstall its package, or unset {VARIABLE}"
                )
                raise ImportError(message, name=fullname, path=spec.origin)
        return None

    def invalidate_caches(self) -> None:
        """Forget what the folders held; `importlib.invalidate_caches` calls this."""
        self._sources.clear()


def choose() -> None:
    """Do what ROBUSTMQ_PURE says: 1 forces plain Python, empty or 0 takes what is installed.

    The `__init__` of every robustmq package calls this; the first call decides. Raises ConfigError
    for any other value.
    """
    global _chosen
    if _chosen:
        return
    value = os.environ.get(VARIABLE, "")
    if value == "1":
        sys.meta_path.insert(0, SourcesOnlyFinder())
    elif value not in ("", "0"):
        # Not at the top of the file: the error tree is a hot module itself.
        from robustmq_common.errors import ConfigError  # noqa: PLC0415

        message = (
            f"the environment variable {VARIABLE} is {value!r}: set it to 1 to force plain "
            "Python, or to 0 (or nothing) to run compiled modules where they are installed"
        )
        raise ConfigError(message)
    _chosen = True


def report() -> dict[str, str]:
    """Return "compiled", "plain" or "mixed" for each imported robustmq package with hot modules.

    Modules that are not imported yet count as what an import would find.
    """
    forms = {}
    for package in sorted(sys.modules):
        if package.startswith(_PREFIX) and "." not in package:
            found = {_form(name) for name in _hot_modules(package)}
            if found:
                forms[package] = found.pop() if len(found) == 1 else "mixed"
    return forms


def running() -> str:
    """Return "compiled", "plain", or "mixed: ..." with the form of each package."""
    forms = report()
    kinds = set(forms.values())
    if kinds == {COMPILED}:
        return COMPILED
    if kinds <= {PLAIN}:
        return PLAIN
    return "mixed: " + ", ".join(f"{package} {form}" for package, form in forms.items())


def _hot_modules(package: str) -> Iterator[str]:
    for folder in sys.modules[package].__path__:
        for path in Path(folder).rglob("*.py"):
            with path.open("rb") as source:
                if source.read(len(_MARK)) == _MARK:
                    inner = path.relative_to(folder).with_suffix("").parts
                    yield ".".join((package, *inner))


def _form(name: str) -> str:
    if name in sys.modules:
        origin = sys.modules[name].__file__
    else:
        spec = importlib.util.find_spec(name)
        origin = spec.origin if spec is not None else None
    if origin is not None and origin.endswith(tuple(EXTENSION_SUFFIXES)):
        return COMPILED
    return PLAIN
