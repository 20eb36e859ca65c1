import pytest
from pydantic import Field

from robustmq_common.config.load import load_settings
from robustmq_common.config.model import Seconds, Secret, Section
from robustmq_common.config.settings import REDACTED, Settings
from robustmq_common.errors import BugError


class Inner(Section):
    depth: int = 1


class Sample(Section):
    timeout: Seconds = 7200.0
    password: Secret | None = None
    inner: Inner = Inner()
    maybe: Inner | None = None
    named: dict[str, Inner] = Field(default_factory=dict)
    free: dict[str, object] = Field(default_factory=dict)
    headers: dict[str, Secret] = Field(default_factory=dict)


def load(*overrides: str) -> Settings:
    sections = {"sample": Sample, "many": dict[str, Inner], "rows": list[Inner]}
    return load_settings(sections, None, {}, overrides)


def test_every_value_has_path_shown_form_and_origin() -> None:
    settings = load("sample.named.x.depth=2", "many.y={}")
    assert [(one.path, one.shown, str(one.origin)) for one in settings.items()] == [
        ("sample.timeout", '"2h"', "default"),
        ("sample.password", "unset", "default"),
        ("sample.inner.depth", "1", "default"),
        ("sample.maybe", "unset", "default"),
        ("sample.named.x.depth", "2", "--set"),
        ("sample.free", "{}", "default"),
        ("sample.headers", "{}", "default"),
        ("many.y.depth", "1", "default"),
        ("rows", "[]", "default"),
    ]


def test_tables_in_an_order_are_listed_with_their_places() -> None:
    settings = load("rows=[{depth=5}, {}]")
    items = [one for one in settings.items() if one.parts[0] == "rows"]
    assert [(one.path, one.shown, str(one.origin)) for one in items] == [
        ("rows[0].depth", "5", "--set"),
        ("rows[1].depth", "1", "default"),
    ]


def test_secrets_are_redacted_declared_or_not() -> None:
    settings = load("sample.password=hunter2", "sample.free.db.secret=hunter2", "sample.free.x=1")
    shown = {one.path: (one.value, one.shown) for one in settings.items()}
    assert shown["sample.password"] == (REDACTED, REDACTED)
    assert shown["sample.free.db.secret"] == (REDACTED, REDACTED)
    assert shown["sample.free.x"] == (1, "1")


def test_sections_are_models_or_dicts_or_lists_of_them() -> None:
    settings = load("many.y.depth=3", "rows=[{depth=5}]")
    assert settings.section("rows") == [Inner(depth=5)]
    assert settings.section("sample") == Sample()
    assert settings.section("many") == {"y": Inner(depth=3)}
    assert str(settings.origin("many", "y", "depth")) == "--set"
    assert str(settings.origin("sample", "timeout")) == "default"


def test_a_section_nobody_declared_is_our_bug() -> None:
    with pytest.raises(BugError, match="'mqqt' was asked for but never declared"):
        load().section("mqqt")


def test_a_free_table_of_secrets_is_redacted_whatever_its_names() -> None:
    items = {one.path: one for one in load("sample.headers.X-Name=hush").items()}
    assert items["sample.headers.X-Name"].value == REDACTED
    assert "hush" not in items["sample.headers.X-Name"].shown
