"""robust-ctl user import, without a broker."""

import hashlib
import json
from pathlib import Path

import pytest
from ctl_kit import Ctl

from robustmq_cli.ctl.user_import import disconnected

CHEAP = ("--set", "password_hashing.memory=65536", "--set", "password_hashing.passes=1")


def write(ctl: Ctl, name: str, content: str | bytes) -> Path:
    file = ctl.folder.parent / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def names(ctl: Ctl) -> list[str]:
    return [line.split()[0] for line in ctl.lines("user", "list", "--limit", "5000")[1:]]


def test_csv_of_another_broker(ctl: Ctl) -> None:
    digest = hashlib.sha256(b"naclsecret").hexdigest()
    rows = [f"user{n},{digest},nacl,{'true' if n == 1 else 'false'}" for n in range(1000)]
    file = write(ctl, "u.csv", "user_id,password_hash,salt,is_superuser\n" + "\n".join(rows))
    options = ("--hash", "sha256", "--salt-position", "prefix")
    assert ctl.lines("user", "import", file, *options) == ["1000 users are imported"]
    assert len(names(ctl)) == 1000
    assert "user1 " in ctl.run("user", "list", "user1").stdout


def test_json_with_passwords(ctl: Ctl) -> None:
    users = [{"user_id": f"user{n}", "password": f"secret{n}"} for n in range(150)]
    file = write(ctl, "u.json", json.dumps(users))
    assert ctl.lines("user", "import", file, *CHEAP) == ["150 users are imported"]
    assert len(names(ctl)) == 150
    code, said = ctl.failure("user", "import", file, *CHEAP)
    assert (code, "150 users are there already" in said) == (64, True)
    again = ctl.lines("user", "import", file, "--replace", *CHEAP)
    assert again == ["150 users are imported, 150 of them replaced"]


def test_nobody(ctl: Ctl) -> None:
    file = write(ctl, "u.csv", "user_id,password\n")
    assert ctl.lines("user", "import", file) == ["0 users are imported"]


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("u.csv", "user_id,password\na,x\n,y\nb,\n", "line 3: a user name cannot be empty"),
        ("u.csv", b"user_id,password\na,\xff\n", "not UTF-8 in line 2"),
        ("u.json", "[{}]", "entry 1: a user name cannot be empty"),
        ("u.txt", "", "has to end with .csv or .json"),
        ("u.csv", f"user_id,password\na,x\nb,{'ä' * 40_000}\n", "line 3: the password is longer"),
    ],
)
def test_if_a_line_is_wrong_nothing_is_imported(
    ctl: Ctl, name: str, content: str | bytes, problem: str
) -> None:
    code, said = ctl.failure("user", "import", write(ctl, name, content), *CHEAP)
    assert code == 64
    assert problem in said
    assert names(ctl) == []


def test_a_file_that_is_not_there(ctl: Ctl) -> None:
    code, said = ctl.failure("user", "import", ctl.folder / "none.csv")
    assert (code, "cannot be read: no such file" in said) == (74, True)


def test_weak_hashes_are_refused(ctl: Ctl) -> None:
    file = write(ctl, "u.csv", "user_id,password_hash\na,x\n")
    code, said = ctl.failure("user", "import", file, "--hash", "md5")
    assert (code, "guessed too quickly" in said) == (64, True)


def test_clients_that_had_to_go() -> None:
    assert disconnected({"disconnected": 0}) == ""
    assert disconnected({"disconnected": 1}) == "; 1 client was disconnected"
    assert disconnected({"disconnected": 2}) == "; 2 clients were disconnected"
