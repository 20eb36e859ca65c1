from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from robustmq_common.config.model import Expected, Seconds, Secret, Section
from robustmq_common.config.schema import (
    FreeTable,
    Key,
    NamedTables,
    Table,
    TableArray,
    build,
    dotted,
    find,
    looks_secret,
    takes_text,
)
from robustmq_common.errors import BugError


class Inner(Section):
    """The inner table.

    More on it.
    """

    depth: int = 1


class Outer(Section):
    name: str = Field("x", description="A name.")
    kind: Literal["a", "b"] = "a"
    mixed: bool | Literal["auto"] = "auto"
    marked: Annotated[str, Expected("marked text")] = "x"
    timeout: Seconds = 1.0
    password: Secret | None = None
    inner: Inner = Inner()
    named: dict[str, Inner] = Field(default_factory=dict)
    free: dict[str, Any] = Field(default_factory=dict)
    must: int


TREE = build({"outer": Outer, "many": dict[str, Inner], "rows": list[Inner]})


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ((), Table),
        (("outer",), Table),
        (("outer", "name"), Key),
        (("outer", "inner"), Table),
        (("outer", "inner", "depth"), Key),
        (("outer", "named"), NamedTables),
        (("outer", "named", "any"), Table),
        (("outer", "named", "any", "depth"), Key),
        (("outer", "free", "what", "ever"), FreeTable),
        (("many", "one", "depth"), Key),
        (("rows",), TableArray),
        (("rows", "[0]"), Table),
        (("rows", "[12]", "depth"), Key),
        (("rows", "depth"), type(None)),
        (("rows", "0", "depth"), type(None)),
        (("outer", "name", "more"), type(None)),
        (("outer", "nothing"), type(None)),
        (("nothing",), type(None)),
    ],
)
def test_every_path_leads_to_its_kind_of_node(path: tuple[str, ...], kind: type) -> None:
    assert isinstance(find(TREE, path), kind)


def key(name: str) -> Key:
    found = find(TREE, ("outer", name))
    assert isinstance(found, Key)
    return found


def test_keys_know_their_default_and_description() -> None:
    assert (key("name").default, key("name").description) == ("x", "A name.")
    assert key("must").required
    assert not key("name").required


def test_tables_describe_themselves_by_their_model() -> None:
    inner = find(TREE, ("outer", "inner"))
    assert isinstance(inner, Table)
    assert inner.description == "The inner table."


def test_secret_types_are_secret() -> None:
    assert key("password").secret
    assert not key("name").secret


@pytest.mark.parametrize("name", ["name", "kind", "marked", "password"])
def test_text_keys_take_text_as_it_is(name: str) -> None:
    assert takes_text(key(name))


@pytest.mark.parametrize("name", ["mixed", "timeout", "must"])
def test_other_keys_do_not(name: str) -> None:
    assert not takes_text(key(name))


@pytest.mark.parametrize(
    "name", ["password", "pasword", "db_passwd", "SECRET", "api_key", "apikey", "sasl_token", "pwd"]
)
def test_names_that_say_secret(name: str) -> None:
    assert looks_secret(("storage", name))


@pytest.mark.parametrize("name", ["bind", "key", "keepalive", "topic", "compass"])
def test_names_that_do_not(name: str) -> None:
    assert not looks_secret(("storage", name))


def test_paths_are_dotted_and_quoted_where_needed() -> None:
    assert dotted(("a", "b-1", "c_2")) == "a.b-1.c_2"
    assert dotted(("a", "b c")) == "a.'b c'"
    assert dotted(("a", "[0]", "b", "[12]")) == "a[0].b[12]"
    assert dotted(("a", "[x]")) == "a.'[x]'"


def test_a_section_that_is_no_model_is_our_bug() -> None:
    with pytest.raises(BugError, match="section 'log' is declared as <class 'int'>"):
        build({"log": int})
