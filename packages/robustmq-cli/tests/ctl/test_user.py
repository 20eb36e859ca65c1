"""robust-ctl user, without a broker. With one it is in tests/integration/test_users.py."""

import csv
import json

import pytest
from ctl_kit import Ctl
from typer.testing import CliRunner

from robustmq_cli.ctl import app

CHEAP = ("--set", "password_hashing.memory=65536", "--set", "password_hashing.passes=1")


def add(ctl: Ctl, name: str, password: str, *more: str) -> str:
    command = ["user", "add", name, "--password-stdin", "--data-dir", str(ctl.folder)]
    given = [*command, "--set", "storage.adapter=rocksdb", *CHEAP, *more]
    result = CliRunner().invoke(app, given, input=password + "\n")
    return result.stdout + result.stderr


def test_users_are_added_listed_changed_and_deleted(ctl: Ctl) -> None:
    assert add(ctl, "bob", "secret") == "bob is added\n"
    assert add(ctl, "alice", "secret", "--superuser") == "alice is added\n"
    assert [line.split() for line in ctl.lines("user", "list")] == [
        ["user", "superuser", "hash", "scram"],
        ["alice", "yes", "argon2id", "-"],
        ["bob", "no", "argon2id", "-"],
    ]
    (line,) = ctl.lines("user", "list", "b", "--json")
    assert json.loads(line) == {"name": "bob", "superuser": False, "hash": "argon2id", "scram": []}
    assert ctl.lines("user", "delete", "bob") == ["bob is deleted"]
    result = ctl.run("user", "list", "--limit", "1")
    assert "alice" in result.stdout
    assert "there are more" not in result.stderr


def test_there_are_more_than_the_limit(ctl: Ctl) -> None:
    for name in ("a", "b"):
        add(ctl, name, "secret")
    result = ctl.run("user", "list", "--limit", "1")
    assert len(result.stdout.splitlines()) == 2
    assert "there are more" in result.stderr


def test_an_export_can_be_imported(ctl: Ctl) -> None:
    scram = ("--set", 'users.scram=["SCRAM-SHA-256"]', "--set", "users.scram_iterations=4096")
    add(ctl, "b,ö", "secret", "--superuser", *scram)
    before = ctl.lines("user", "export")
    ((name, known, superuser, keys),) = list(csv.reader(before))[1:]
    assert (name, superuser) == ("b,ö", "true")
    assert known.startswith("$argon2id$")
    assert keys.startswith("SCRAM-SHA-256$4096:")
    file = ctl.folder.parent / "users.csv"
    file.write_text("\n".join(before) + "\n")
    ctl.lines("user", "delete", name)
    assert ctl.lines("user", "import", file) == ["1 users are imported"]
    assert ctl.lines("user", "export") == before


@pytest.mark.parametrize("password", ["", "\r"])
def test_a_password_has_to_be_there(ctl: Ctl, password: str) -> None:
    assert "no password in its first line" in add(ctl, "bob", password)


def test_without_a_terminal_it_does_not_ask(ctl: Ctl) -> None:
    code, said = ctl.failure("user", "add", "bob")
    assert code == 64
    assert "--password-stdin" in said


def test_the_password_is_never_an_argument(ctl: Ctl) -> None:
    code, _ = ctl.failure("user", "add", "bob", "secret")
    assert code == 2


def test_errors_are_told(ctl: Ctl) -> None:
    assert ctl.failure("user", "delete", "bob") == (
        64,
        "error: there is no user 'bob'; see `robust-ctl user list`\n",
    )
