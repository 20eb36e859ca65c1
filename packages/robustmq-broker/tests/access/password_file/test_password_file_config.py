"""The table password_file."""

from robustmq_broker.access.password_file.password_file_config import PasswordFileConfig


def test_there_is_no_file_unless_it_is_named() -> None:
    assert PasswordFileConfig().path is None
    assert PasswordFileConfig(check_interval="1m").check_interval == 60.0  # type: ignore[arg-type]
