"""Lines of a password file."""

import pytest

from robustmq_broker.access.password_file.password_lines import parse_password_file
from robustmq_common.errors import ConfigError

D64 = "ZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZGRkZA=="
SEVEN = f"$7$101$c2FsdHNhbHQ=${D64}"
OURS = f"$pbkdf2-sha512$i=101$c2FsdHNhbHQ${D64.rstrip('=')}"


def test_mosquitto_s_and_ours() -> None:
    text = f"# comment\r\n\nalice:{SEVEN}\r\na:b:{OURS}\n   \n"
    assert parse_password_file(text.encode(), "f") == {"alice": OURS, "a:b": OURS}


def test_nobody() -> None:
    assert parse_password_file(b"", "f") == {}


def test_what_is_wrong_is_told_with_its_line() -> None:
    text = f"alice\n:{OURS}\nbob:secret\ncarol:{OURS}\ncarol:{OURS}\n".encode() + b"\xff:x\n"
    with pytest.raises(ConfigError) as raised:
        parse_password_file(text, "/etc/passwords")
    lines = str(raised.value).splitlines()
    assert lines[0] == "/etc/passwords, line 1: expected NAME:HASH"
    assert lines[1] == "/etc/passwords, line 2: a user name cannot be empty"
    assert lines[2].startswith("/etc/passwords, line 3: it is no hash")
    assert "secret" not in lines[2]
    assert lines[3] == "/etc/passwords, line 5: the user 'carol' is there twice"
    assert lines[4] == "/etc/passwords, line 6: it is not UTF-8"


def test_the_complaints_end() -> None:
    with pytest.raises(ConfigError) as raised:
        parse_password_file(b"x\n" * 100, "f")
    assert len(str(raised.value).splitlines()) == 21
