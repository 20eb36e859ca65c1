import json

import pytest

from robustmq_cli.ctl.writing import (
    printable,
    progress_line,
    shown_bytes,
    shown_size,
    shown_time,
    write_json,
)


@pytest.mark.parametrize(
    ("timestamp", "text"),
    [(1_700_000_000.25, "2023-11-14T22:13:20.250Z"), (None, "-"), (0.0, "-")],
)
def test_times_are_utc(timestamp: float | None, text: str) -> None:
    assert shown_time(timestamp) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KB"), (10**13, "9.1 TB"), (None, "-")],
)
def test_sizes_are_for_people(size: int | None, text: str) -> None:
    assert shown_size(size) == text


@pytest.mark.parametrize(
    ("data", "size", "text"),
    [
        (b"text", 4, "text"),
        (b"", 0, ""),
        ("é€".encode(), 5, "é€"),
        (b"\x00\xff", 2, "0x00ff"),
        (b"a\n\x1b[31mb", 8, "a\\n\\x1b[31mb"),
        (b"x" * 10, 10, "xxxxxxxx... (10 bytes)"),
        (b"1234567\xc3\xa9", 9, "1234567... (9 bytes)"),
        (b"\xff" * 8, 100, "0xffffffffffffffff... (100 bytes)"),
    ],
)
def test_bytes_are_text_if_they_can_be(data: bytes, size: int, text: str) -> None:
    assert shown_bytes(data, size, 8) == text


def test_half_a_character_is_text_only_where_something_was_cut_off() -> None:
    assert printable(b"a\xe2\x82", whole=False) == "a"
    assert printable(b"a\xe2\x82", whole=True) is None


def test_objects_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"a": "é\n"})
    assert json.loads(capsys.readouterr().out) == {"a": "é\n"}


def test_progress_goes_over_the_line_before() -> None:
    assert progress_line(["1 MB", "2 records"]) == "\r\x1b[K1 MB, 2 records"
