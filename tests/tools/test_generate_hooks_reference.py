"""The page of the hooks says what the docstrings say, and nothing is left out of it."""

import inspect
from pathlib import Path

import pytest

from robustmq_common.plugins import hookspecs
from robustmq_common.spi import access, consumers, events, pack, services, storage
from tools import generate_hooks_reference as reference
from tools.workspace import ROOT


def test_the_checked_in_page_is_up_to_date() -> None:
    assert reference.main(["--check"], ROOT) == 0


def test_a_page_out_of_date_is_named_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reference.main(["--check"], tmp_path) == 1
    out_of_date = (
        "docs/reference/hooks.md is out of date: run python -m tools.generate_hooks_reference\n"
    )
    assert capsys.readouterr().out == out_of_date
    assert not list(tmp_path.iterdir())
    assert reference.main([], tmp_path) == 0
    assert reference.main(["--check"], tmp_path) == 0
    page = tmp_path / reference.PAGE
    page.write_text(page.read_text() + "by hand\n")
    capsys.readouterr()
    assert reference.main(["--check"], tmp_path) == 1
    assert capsys.readouterr().out == out_of_date


def test_every_hook_is_there_with_its_sentences() -> None:
    page = reference.page()
    for name, hook in inspect.getmembers(hookspecs, inspect.isfunction):
        if name.startswith("robustmq_"):
            assert f"## {name}\n" in page
            assert str(inspect.getdoc(hook)) in page


def test_every_interface_is_there() -> None:
    page = reference.page()
    for module in (access, consumers, events, pack, services, storage):
        for name, found in inspect.getmembers(module, inspect.isclass):
            if found.__module__ == module.__name__:
                assert f"### {name}\n" in page


@pytest.mark.parametrize(
    "row",
    [
        '| `name: str` | What a listener\'s `protocol` key says, such as "mqtt". |',
        "| `async stop() -> None` | Everything is closed; release what `start` took. |",
        "| `certificate: Certificate \\| None` | The verified client certificate, known before the "
        "first bytes arrive. |",
        "| `write(data: bytes) -> None` | Queue bytes for sending; never blocks and never raises "
        "for a broken connection. |",
        "| `client_id: str` |  |",
    ],
)
def test_members_have_their_signature_and_first_words(row: str) -> None:
    assert row in reference.page().splitlines()


def test_the_page_it_links_to_exists() -> None:
    assert (ROOT / "docs" / "howto" / "write-a-plugin.md").is_file()
