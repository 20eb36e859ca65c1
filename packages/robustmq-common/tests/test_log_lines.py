import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustmq_common.log_lines import json_line, redacted, text_line

STAMP = {"timestamp": "2026-01-02T03:04:05.678Z", "level": "info"}


def test_text_is_for_people() -> None:
    fields = {
        "peer": "127.0.0.1:5",
        **STAMP,
        "event": "client connected",
        "count": 3,
        "clean": True,
    }
    assert text_line(fields) == (
        "2026-01-02T03:04:05.678Z info    client connected                 "
        "peer=127.0.0.1:5 count=3 clean=true"
    )


def test_text_without_fields_ends_with_the_event() -> None:
    assert text_line({**STAMP, "event": "stopped"}).endswith(" stopped")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain/topic", "plain/topic"),
        ("two words", '"two words"'),
        ("", '""'),
        ('say "x"', r'"say \"x\""'),
        ("a=b", '"a=b"'),
        ("back\\slash", r'"back\\slash"'),
        ("line\nbreak", r'"line\nbreak"'),
        ("\x1b[2J", r'"\x1b[2J"'),
        ("\x9b2J", r'"\x9b2J"'),
        ("\u2028", r'"\u2028"'),
        (b"\x00\xff", r"b'\x00\xff'"),
        (None, "none"),
        (False, "false"),
        (0, "0"),
        (["a b"], "['a b']"),
    ],
)
def test_values_cannot_be_mistaken_for_something_else(value: object, shown: str) -> None:
    assert text_line({**STAMP, "event": "x", "value": value}).endswith(f" value={shown}")


@given(st.text(), st.text())
def test_a_text_line_is_one_printable_line(event: str, value: str) -> None:
    assert text_line({**STAMP, "event": event, "value": value}).isprintable()


def test_exceptions_stand_below_their_line() -> None:
    fields = {**STAMP, "event": "failed", "exception": "Traceback:\n  \x1bhere\nValueError: x"}
    lines = text_line(fields).split("\n")
    assert lines[1:] == ["    Traceback:", r"      \x1bhere", "    ValueError: x"]


def test_colours_are_for_terminals() -> None:
    fields = {**STAMP, "level": "error", "event": "x"}
    assert "\x1b[31merror" in text_line(fields, colours=True)
    assert "\x1b" not in text_line(fields)


def test_json_is_one_object_that_opens_with_what_matters() -> None:
    line = json_line({"peer": "a\nb", "event": "x", **STAMP, "data": b"\x00", "n": None})
    assert "\n" not in line
    assert list(json.loads(line).items()) == [
        ("timestamp", STAMP["timestamp"]),
        ("level", "info"),
        ("event", "x"),
        ("peer", "a\nb"),
        ("data", "b'\\x00'"),
        ("n", None),
    ]


@given(st.text())
def test_json_takes_any_text(value: str) -> None:
    line = json_line({**STAMP, "event": "x", "value": value})
    assert json.loads(line)["value"] == value
    assert line.isascii()


def test_secrets_are_left_out() -> None:
    fields = {**STAMP, "event": "x", "password": b"hunter2", "api_key": "hunter2", "token": None}
    assert "hunter2" not in text_line(fields) + json_line(fields)
    assert redacted(fields)["token"] is None
