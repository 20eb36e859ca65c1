"""robust-server tls dev-cert."""

import stat
from pathlib import Path

from typer.testing import CliRunner, Result

from robustmq_cli.server import app
from robustmq_cli.server.tls.authority import FILES


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["tls", "dev-cert", "--dir", str(folder), *arguments])


def test_files_are_for_their_owner_and_the_next_steps_are_said(tmp_path: Path) -> None:
    folder = tmp_path / "certs"
    result = run(folder, "--host", "mq.example.org")
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert f'tls.certfile = "{folder}/server.pem"' in result.stdout
    assert f"mosquitto_pub -h mq.example.org -p 8883 --cafile {folder}/ca.pem" in result.stdout


def test_nothing_is_overwritten_without_force(tmp_path: Path) -> None:
    key = tmp_path / "ca.key"
    key.write_text("precious")
    result = run(tmp_path)
    assert result.exit_code == 64
    assert "has ca.key already" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["ca.key"]
    assert run(tmp_path, "--force").exit_code == 0
    assert key.read_text() != "precious"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = run(tmp_path / "file" / "certs")
    assert result.exit_code == 64
    assert "cannot write to" in result.stderr
    assert run(tmp_path, "--host", "a b").exit_code == 64
