"""export and import without a broker; with one, see tests/integration/test_robust_ctl.py."""

from pathlib import Path

import pytest
from ctl_kit import Ctl

from robustmq_cli import instance
from robustmq_common.spi.storage import Append


@pytest.fixture
def other(tmp_path: Path) -> Ctl:
    return Ctl(tmp_path / "other")


def test_what_was_exported_is_imported(ctl: Ctl, other: Ctl, tmp_path: Path) -> None:
    ctl.fill()
    file, again = tmp_path / "backup", tmp_path / "again"
    (line,) = ctl.lines("storage", "export", file)
    assert line.endswith("with 2 shards, 8 records and 1 keys")
    assert file.stat().st_mode & 0o777 == 0o600
    (line,) = other.lines("storage", "import", file)
    assert line == "2 shards with 8 records and 1 keys are in the rocksdb storage now"
    assert other.lines("storage", "read", "log") == ctl.lines("storage", "read", "log")
    other.lines("storage", "export", again)
    assert again.read_bytes() == file.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again", "backup", "data", "other"]


def test_a_file_that_is_there_stays_unless_told_otherwise(ctl: Ctl, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_text("precious")
    code, said = ctl.failure("storage", "export", file)
    assert (code, "exists" in said) == (64, True)
    assert file.read_text() == "precious"
    ctl.lines("storage", "export", file, "--overwrite")
    assert file.read_bytes().startswith(b"RobustMQ backup")


def test_a_backup_that_cannot_be_made_leaves_nothing(ctl: Ctl, tmp_path: Path) -> None:
    code, _ = ctl.failure("storage", "export", tmp_path / "backup", "--adapter", "x")
    assert code == 64
    code, said = ctl.failure("storage", "export", tmp_path / "no" / "backup")
    assert (code, "cannot write" in said) == (74, True)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_damaged_backup_is_refused_before_anything_is_written(
    ctl: Ctl, other: Ctl, tmp_path: Path
) -> None:
    ctl.write(*(Append("log", b"%d" % n * 100) for n in range(1000)))
    file = tmp_path / "backup"
    ctl.lines("storage", "export", file)
    data = file.read_bytes()
    flipped = data[:50_000] + bytes([data[50_000] ^ 1]) + data[50_001:]
    for damaged in (data[: len(data) // 2], flipped, data + b"x", b""):
        file.write_bytes(damaged)
        code, said = other.failure("storage", "import", file)
        assert (code, said.startswith("error: the backup is damaged")) == (65, True)
    file.write_bytes(b"nothing of the kind, but long enough")
    assert other.failure("storage", "import", file)[0] == 65
    assert other.failure("storage", "import", tmp_path / "none")[0] == 74
    assert not other.folder.exists()


def test_what_is_stored_is_replaced_only_if_told_to(ctl: Ctl, other: Ctl, tmp_path: Path) -> None:
    ctl.fill()
    other.write(Append("precious", b""))
    ctl.lines("storage", "export", tmp_path / "backup")
    code, said = other.failure("storage", "import", tmp_path / "backup")
    assert (code, "--replace" in said) == (64, True)
    assert "precious" in other.lines("storage", "shards")[1]
    other.lines("storage", "import", tmp_path / "backup", "--replace")
    shards = [line.split()[0] for line in other.lines("storage", "shards")]
    assert shards == ["shard", "keys", "log"]


def test_with_a_broker_nothing_is_imported(ctl: Ctl, tmp_path: Path) -> None:
    ctl.lines("storage", "export", tmp_path / "backup")
    with instance.hold(ctl.folder):
        code, said = ctl.failure("storage", "import", tmp_path / "backup")
    assert (code, "is already running" in said) == (64, True)
