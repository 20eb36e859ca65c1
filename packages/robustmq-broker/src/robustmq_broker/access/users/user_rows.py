"""[P] Users in a table: CSV with a header, or a JSON array of objects.

Columns: user_id, password_hash, salt, is_superuser, and scram (keys as `scram.keys` writes them,
with spaces between them); or password, in plain text, in place of the hash.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from robustmq_broker.access.hashing.forms import (
    HashFormError,
    parse_hash,
    pbkdf2,
    salted,
)
from robustmq_broker.access.scram.keys import parse_keys
from robustmq_broker.access.users.user_record import check_name
from robustmq_common.errors import CallerError

COLUMNS: Final = ("user_id", "password_hash", "salt", "password", "is_superuser", "scram")
HASHES: Final = ("auto", "sha256", "sha512", "pbkdf2-sha256", "pbkdf2-sha512")
PLACES: Final = ("prefix", "suffix", "disable")
FIELD_MAX: Final = 65_536
PROBLEMS_MAX: Final = 20
_WEAK: Final = frozenset({"plain", "md5", "sha", "sha1"})
_TRUTH: Final = {"true": True, "1": True, "false": False, "0": False, "": False}


@dataclass(frozen=True, slots=True)
class Row:
    """A user of a file, with either the hash in its own form or the password."""

    where: str
    name: str
    hash: str
    password: str
    is_superuser: bool
    scram: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """How the column password_hash is to be read.

    kind: one of `HASHES`; "auto" for text that says it itself, others for a digest in hex.
    place: where the salt goes, one of `PLACES`. iterations: of PBKDF2. Raises CallerError.
    """

    kind: str = "auto"
    place: str = "prefix"
    iterations: int = 0

    def __post_init__(self) -> None:
        if self.kind in _WEAK:
            raise CallerError(
                f"hashes of kind {self.kind!r} are guessed too quickly to be taken over; import "
                "these users with new passwords, in the column password"
            )
        if self.kind not in HASHES:
            raise CallerError(f"a hash is one of {', '.join(HASHES)}")
        if self.place not in PLACES:
            raise CallerError(f"the place of a salt is one of {', '.join(PLACES)}")
        if self.kind.startswith("pbkdf2-") and not self.iterations:
            raise CallerError("PBKDF2 needs to know its iterations")

    def hash(self, digest: str, salt: str) -> str:
        """The hash of a row, in its own form. Raises HashFormError."""
        if self.kind == "auto":
            return str(parse_hash(digest))
        try:
            raw = bytes.fromhex(digest)
        except ValueError:
            raise HashFormError("password_hash is not in hexadecimal digits") from None
        algorithm = self.kind.removeprefix("pbkdf2-")
        if algorithm != self.kind:
            return str(pbkdf2(algorithm, str(self.iterations), salt.encode(), raw))
        if self.place == "disable":
            return str(salted(algorithm, "prefix", b"", raw))
        return str(salted(algorithm, self.place, salt.encode(), raw))


def read_csv(lines: Iterable[str], columns: Columns) -> Iterator[Row | str]:
    """Read CSV; yields a row or what is wrong with it, beginning with its line.

    Raises CallerError if the header will not do.
    """
    reader = csv.reader(lines, strict=True)
    header: list[str] | None = None
    while True:
        try:
            cells = next(reader, None)
        except (csv.Error, UnicodeDecodeError) as error:
            # What follows a broken row cannot be told from it.
            yield f"line {reader.line_num}: {error}"
            return
        if cells is None:
            break
        if not cells:
            continue
        if header is None:
            header = _checked_header([one.strip().removeprefix("\ufeff") for one in cells])
            continue
        where = f"line {reader.line_num}"
        if len(cells) != len(header):
            yield f"{where}: it has {len(cells)} columns, the header has {len(header)}"
            continue
        yield _row(where, dict(zip(header, cells, strict=True)), columns)
    if header is None:
        raise CallerError("the file is empty: its first line has to name the columns")


def read_json(text: str, columns: Columns) -> Iterator[Row | str]:
    """Read a JSON array; yields as `read_csv` does. Raises CallerError if it is none."""
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise CallerError(f"the file is not in JSON: {error}") from None
    except RecursionError:
        raise CallerError(
            "the file is not in JSON that can be read: it is nested too deep"
        ) from None
    if not isinstance(entries, list):
        raise CallerError("expected a JSON array of objects")
    for number, entry in enumerate(entries, 1):
        where = f"entry {number}"
        if not isinstance(entry, dict):
            yield f"{where}: it is not an object"
            continue
        unknown = sorted(set(entry) - set(COLUMNS))
        if unknown:
            yield f"{where}: there is no column {unknown[0]!r}"
            continue
        cells = {name: _cell(value) for name, value in entry.items()}
        bad = next((name for name, value in cells.items() if value is None), None)
        if bad is not None:
            yield f"{where}: {bad} has to be text, or true or false"
            continue
        yield _row(where, {name: value or "" for name, value in cells.items()}, columns)


def collect(rows: Iterable[Row | str]) -> list[Row]:
    """All rows. Raises CallerError, with a line for each that is wrong or has another's name."""
    found: list[Row] = []
    names: dict[str, str] = {}
    problems: list[str] = []
    count = 0
    for row in rows:
        if isinstance(row, Row) and row.name in names:
            row = f"{row.where}: the user {row.name!r} is at {names[row.name]} already"  # noqa: PLW2901
        if isinstance(row, str):
            count += 1
            if len(problems) < PROBLEMS_MAX:
                problems.append(row)
        else:
            names[row.name] = row.where
            found.append(row)
    if count:
        if count > len(problems):
            problems.append(f"{count - len(problems)} more are wrong")
        raise CallerError("nothing is imported:\n" + "\n".join(problems))
    return found


def _checked_header(header: list[str]) -> list[str]:
    unknown = [name for name in header if name not in COLUMNS]
    if unknown or len(set(header)) != len(header):
        raise CallerError(
            f"line 1: expected names of columns, each once: {', '.join(COLUMNS)}"
            + (f"; there is no column {unknown[0]!r}" if unknown else "")
        )
    if "user_id" not in header or ("password" in header) == ("password_hash" in header):
        raise CallerError("line 1: expected user_id, and either password_hash or password")
    return header


def _cell(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else None


def _row(where: str, cells: Mapping[str, str], columns: Columns) -> Row | str:
    try:
        for name, value in cells.items():
            if len(value) > FIELD_MAX:
                raise CallerError(f"{name} is longer than {FIELD_MAX} characters")
        return _parsed(where, cells, columns)
    except (CallerError, HashFormError) as error:
        return f"{where}: {error}"


def _parsed(where: str, cells: Mapping[str, str], columns: Columns) -> Row:
    name = cells.get("user_id", "")
    check_name(name)
    is_superuser = _TRUTH.get(cells.get("is_superuser", "").strip().lower())
    if is_superuser is None:
        raise CallerError("is_superuser has to be true or false")
    password, digest = cells.get("password", ""), cells.get("password_hash", "")
    if bool(password) == bool(digest):
        raise CallerError("expected either a password_hash or a password")
    try:
        keys = tuple(str(parse_keys(one)) for one in cells.get("scram", "").split())
    except ValueError as error:
        raise CallerError(f"scram: {error}") from None
    known = columns.hash(digest, cells.get("salt", "")) if digest else ""
    return Row(where, name, known, password, is_superuser, keys)
