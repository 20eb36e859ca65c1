"""The table of statements: its data, and what `tools/conformance_table.py` makes of it."""

from pathlib import Path

import pytest

from tools.conformance_table import Standard, Statement, complaints, load, render

STATEMENTS = Path(__file__).with_name("statements")
STANDARD = Standard(
    "9.9",
    {
        "MQTT-1": Statement("MQTT-1", "Do this", "server"),
        "MQTT-2": Statement("MQTT-2", "Do that", "client"),
        "MQTT-3": Statement("MQTT-3", "Do both", "both"),
    },
    {"MQTT-3": "Nobody does."},
)
SHOWN = {"9.9:MQTT-1": ["tests/b/test_b.py::test_two", "tests/a/test_a.py::test_one"]}


@pytest.mark.parametrize(
    ("version", "chapters"),
    [
        ("3.1.1", {"1": 3, "2": 9, "3": 95, "4": 26, "6": 4, "7": 4}),
        ("5.0", {"1": 5, "2": 7, "3": 175, "4": 60, "6": 4}),
    ],
)
def test_no_statement_is_missing(version: str, chapters: dict[str, int]) -> None:
    """The standards' own appendices have this many in each chapter."""
    standard = load(STATEMENTS / f"mqtt-{version}.toml")
    assert standard.version == version
    found: dict[str, int] = {}
    for identifier in standard.statements:
        chapter = identifier.removeprefix("MQTT-")[0]
        found[chapter] = found.get(chapter, 0) + 1
    assert found == chapters


def test_nothing_to_complain_of() -> None:
    assert complaints([STANDARD], SHOWN) == []


def test_statement_without_test_or_reason() -> None:
    assert complaints([STANDARD], {}) == ["9.9:MQTT-1 has neither a test nor a reason"]


def test_reason_beside_a_test() -> None:
    shown = {**SHOWN, "9.9:MQTT-3": ["x"]}
    assert complaints([STANDARD], shown) == ["9.9:MQTT-3 has a test; remove its reason"]


def test_reason_for_nothing() -> None:
    standard = Standard("9.9", {}, {"MQTT-4": "why not"})
    assert complaints([standard], {}) == ["reason for 9.9:MQTT-4, which is no statement"]


def test_unknown_statement() -> None:
    shown = {**SHOWN, "9.9:MQTT-7": ["tests/test_x.py::test_x"]}
    assert complaints([STANDARD], shown) == [
        "9.9:MQTT-7 is no statement; tests/test_x.py::test_x names it"
    ]


def test_page() -> None:
    page = render([STANDARD], SHOWN)
    assert "3 statements: 1 with tests, 2 with a reason." in page
    assert page.endswith(
        "| MQTT-1 | Do this | [test_a.py](../../tests/a/test_a.py): `test_one`<br>"
        "[test_b.py](../../tests/b/test_b.py): `test_two` |\n"
        "| MQTT-2 | Do that | Binds the client only. |\n"
        "| MQTT-3 | Do both | Nobody does. |\n"
    )


def test_wrong_duty_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mqtt.toml"
    file.write_text(
        'version = "9.9"\n[statements]\nMQTT-1 = { applies_to = "all", summary = "x" }\n'
    )
    with pytest.raises(ValueError, match=r"mqtt\.toml: MQTT-1: applies_to = 'all'"):
        load(file)
