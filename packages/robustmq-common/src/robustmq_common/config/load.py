"""[D] Loading a configuration: defaults < file < environment < --set, every problem reported."""

import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from robustmq_common.config import schema
from robustmq_common.config.assignments import (
    DEFAULT,
    Assignment,
    Origin,
    from_defaults,
    from_environment,
    from_override,
    from_toml,
    interpret,
)
from robustmq_common.config.model import Sections
from robustmq_common.config.problems import invalid, misplaced
from robustmq_common.config.settings import Settings
from robustmq_common.errors import ConfigError


def load_settings(
    sections: Sections,
    file: Path | None,
    environ: Mapping[str, str],
    overrides: Sequence[str],
    defaults: Mapping[str, Any] | None = None,
    *,
    options: Iterable[Assignment] = (),
    ignore: Collection[str] = (),
) -> Settings:
    """Read and check everything.

    `overrides` are the arguments of --set; `options` come from options of their own and win over
    all; sections named in `ignore` (those of plugins that are not loaded) are passed over.

    Raises ConfigError with one line per problem: all of them, not only the first.
    """
    tree = schema.build(sections)
    given, problems = _gather(file, environ, overrides)
    wanted = [*from_defaults(defaults or {}), *given, *options]
    kept = [one for one in wanted if one.path[0] not in ignore or one.path[0] in tree.children]
    merged = _Merged()
    for one in interpret(tree, kept):
        wrong = misplaced(tree, one)
        if wrong is None:
            merged.assign(one)
        else:
            problems.append(wrong)
    checked = {}
    for name, declared in sections.items():
        try:
            checked[name] = _check(declared, merged.values.get(name, _nothing(tree, name)))
        except ValidationError as error:
            found = invalid(tree, name, error, merged.values, merged.origins)
            problems += [sentence for _, sentence in found]
    if problems:
        raise ConfigError("\n".join(problems))
    return Settings(tree, checked, merged.origins)


def load_tolerant(
    sections: Sections,
    file: Path | None,
    environ: Mapping[str, str],
    overrides: Sequence[str],
    *,
    options: Iterable[Assignment] = (),
    strict: Collection[str] = (),
) -> Settings:
    """Read some sections before all are known: others are passed over, bad values left out.

    strict: sections in which a bad value is an error all the same. What is left out of others is
    for a later `load_settings` to report.

    Raises ConfigError if the file cannot be read or is not TOML, and for strict sections.
    """
    tree = schema.build(sections)
    given, _ = _gather(file, environ, overrides)
    good = [one for one in interpret(tree, [*given, *options]) if misplaced(tree, one) is None]
    while True:
        merged = _Merged()
        for one in good:
            merged.assign(one)
        checked: dict[str, Any] = {}
        bad: dict[schema.Path, str] = {}
        for name, declared in sections.items():
            try:
                checked[name] = _check(declared, merged.values.get(name, _nothing(tree, name)))
            except ValidationError as error:
                bad.update(invalid(tree, name, error, merged.values, merged.origins))
        problems = [sentence for path, sentence in bad.items() if path[0] in strict]
        if problems:
            raise ConfigError("\n".join(problems))
        if not bad:
            return Settings(tree, checked, merged.origins)
        # A section's own rule (not a key's) or a missing key takes the whole table out.
        fewer = [one for one in good if one.path not in bad]
        tops = {path[0] for path in bad}
        good = fewer if len(fewer) < len(good) else [one for one in good if one.path[0] not in tops]


class _Merged:
    """Values laid over each other in order of precedence."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.origins: dict[schema.Path, Origin] = {}

    def assign(self, one: Assignment) -> None:
        """Set a value; an empty table only makes sure that there is one, a list replaces it all."""
        table: Any = self.values
        for part, following in pairwise(one.path):
            table = _below(table, part, following)
        name = one.path[-1]
        if one.value == {}:
            _below(table, name, "")
            if one.origin != DEFAULT:
                self.origins.setdefault(one.path, one.origin)
            return
        if one.value == []:
            depth = len(one.path)
            for path in [path for path in self.origins if path[:depth] == one.path]:
                del self.origins[path]
        # A copy of a list: what is below it may be added.
        table[name] = list(one.value) if isinstance(one.value, list) else one.value
        self.origins[one.path] = one.origin


def _below(table: Any, part: str, following: str) -> Any:
    """The table or array that is below a part of a path, made if something else or nothing is.

    following: the part after it; only that of an array's table may go on into an array.
    """
    key: Any = part
    if isinstance(table, list):
        key = int(part.strip("[]"))
        table += [{} for _ in range(len(table), key + 1)]
    inner = table[key] if isinstance(table, list) else table.get(key)
    if not isinstance(inner, dict) and not (isinstance(inner, list) and schema.is_place(following)):
        inner = table[key] = {}
    return inner


def _nothing(tree: schema.Table, section: str) -> Any:
    return [] if isinstance(tree.children[section], schema.TableArray) else {}


def _check(declared: Any, values: Any) -> Any:
    return TypeAdapter(declared).validate_python(values)


def _gather(
    file: Path | None, environ: Mapping[str, str], overrides: Sequence[str]
) -> tuple[list[Assignment], list[str]]:
    assignments = [] if file is None else _read_file(file)
    assignments += from_environment(environ)
    problems = []
    for override in overrides:
        one = from_override(override)
        if one is None:
            key = override.partition("=")[0]  # what follows may be a secret
            problems.append(f'--set {key}: expected section.key=value, such as "log.level=debug"')
        else:
            assignments.append(one)
    return assignments, problems


def _read_file(file: Path) -> list[Assignment]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{file}: there is no such configuration file") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(f"{file}:{line}: not UTF-8 text, which TOML is written in") from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"{file}: cannot read this configuration file: {reason}") from error
    try:
        return list(from_toml(text.replace("\r\n", "\n"), str(file)))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_toml_problem(file, text, str(error))) from None


def _toml_problem(file: Path, text: str, message: str) -> str:
    """Put the line first, as compilers do, and show it."""
    match = re.fullmatch(r"(.*?) \(at (?:line (\d+), column \d+|end of document)\)", message)
    if match is None:
        return f"{file}: not valid TOML: {message}"
    lines = text.splitlines() or [""]
    number = int(match[2]) if match[2] else len(lines)
    found = lines[number - 1].strip() if number <= len(lines) else ""
    shown = f" in: {found[:80]}" if found and not schema.looks_secret((found,)) else ""
    reason = match[1][:1].lower() + match[1][1:]
    return f"{file}:{number}: not valid TOML: {reason}{shown}"
