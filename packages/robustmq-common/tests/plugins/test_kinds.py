"""What a hook returns is looked at before anything uses it."""

import inspect
from typing import Any

import pydantic
import pytest

from robustmq_common.config.model import Section
from robustmq_common.config.schema import NAME_RULE
from robustmq_common.plugins import hookspecs
from robustmq_common.plugins.kinds import (
    ADAPTERS,
    AUTHENTICATORS,
    AUTHORIZERS,
    ENHANCED,
    EVENTS,
    KINDS,
    LISTENERS,
    PACKS,
    SECTIONS,
    Fault,
    Kind,
)
from robustmq_common.spi.events import EventListener
from robustmq_common.spi.storage import StorageAdapter


class Pack:
    name = "line-echo"
    start = connection = stopping = stop = print


class HalfPack:
    name = "half"
    start = stop = print


class DottedPack(Pack):
    name = "a.b"


class Adapter(StorageAdapter):
    name = "shelf"
    open = close = commit = read = bounds = offset_at = print  # type: ignore[assignment]
    get = scan = shards = sweep = wait_for_change = print  # type: ignore[assignment]
    sync = usage = check = compact = snapshot = print  # type: ignore[assignment]


class HalfAdapter(StorageAdapter):
    name = "half"
    open = close = commit = read = print  # type: ignore[assignment]


class Echo(Section):
    size: int = 1


class Named(Section):
    bind: str


class Users:
    name = "users"
    authenticate = print


class Topics:
    name = "topics"
    authorize = print


class Nameless:
    authorize = begin = print


class Riddle:
    method = "RIDDLE 1.0, with spaces"
    begin = print


class BytesRiddle(Riddle):
    method = b"RIDDLE"  # type: ignore[assignment]


LISTENER = EventListener()


def test_every_hook_is_of_a_kind() -> None:
    hooks = {name for name, _ in inspect.getmembers(hookspecs) if name.startswith("robustmq_")}
    assert {kind.hook for kind in KINDS} == hooks


@pytest.mark.parametrize(
    ("kind", "returned", "named"),
    [
        (PACKS, [Pack], [("line-echo", Pack)]),
        (PACKS, [], []),
        (ADAPTERS, [Adapter], [("shelf", Adapter)]),
        (SECTIONS, {"echo": Echo}, [("echo", Echo)]),
        (SECTIONS, {"echoes": dict[str, Named]}, [("echoes", dict[str, Named])]),
        (LISTENERS, {"echo": {"protocol": "line-echo"}}, [("echo", {"protocol": "line-echo"})]),
        (AUTHENTICATORS, [Users], [("users", Users)]),
        (AUTHORIZERS, [Topics], [("topics", Topics)]),
        (ENHANCED, [Riddle], [("RIDDLE 1.0, with spaces", Riddle)]),
        (EVENTS, [LISTENER, LISTENER], [("", LISTENER), ("", LISTENER)]),
    ],
)
def test_items_get_their_names(kind: Kind, returned: Any, named: list[tuple[str, Any]]) -> None:
    assert kind.named(returned) == named


NOT_ITS_NAME = f"which cannot be its name: {NAME_RULE}"
NO_SECTION = "which is not a subclass of robustmq_common.config.model.Section"
HERE = f"the class {__name__}"


@pytest.mark.parametrize(
    ("kind", "returned", "subject", "clause"),
    [
        (PACKS, "mqtt", "a value of type str", "which needs a list"),
        (SECTIONS, None, "None", "which needs a dict"),
        (LISTENERS, [Pack], "a value of type list", "which needs a dict"),
        (PACKS, [3], "a value of type int", "which is not a class"),
        (PACKS, [Pack()], "a value of type Pack", "which is not a class"),
        (
            PACKS,
            [Pack, HalfPack],
            f"{HERE}.HalfPack",
            "which does not have the method connection, stopping",
        ),
        (
            PACKS,
            [DottedPack],
            f"{HERE}.DottedPack",
            f"whose name cannot be 'a.b': {NAME_RULE}",
        ),
        (
            ADAPTERS,
            [dict],
            "the class builtins.dict",
            "which is not a subclass of robustmq_common.spi.storage.StorageAdapter",
        ),
        (
            ADAPTERS,
            [HalfAdapter],
            f"{HERE}.HalfAdapter",
            "which does not have the method bounds, check, compact, get, offset_at, scan, shards, "
            "snapshot, sweep, sync, usage, wait_for_change",
        ),
        (SECTIONS, {"a": dict}, "'a'", NO_SECTION),
        (SECTIONS, {"a": Echo()}, "'a'", NO_SECTION),
        (SECTIONS, {"a": pydantic.BaseModel}, "'a'", NO_SECTION),
        (SECTIONS, {"a": dict[str, int]}, "'a'", NO_SECTION),
        (SECTIONS, {"a": Named}, "'a'", "which has no default for its key bind"),
        (SECTIONS, {7: Echo}, "7", NOT_ITS_NAME),
        (LISTENERS, {"a": []}, "'a'", "which is not a dict of the keys of a listener's table"),
        (LISTENERS, {"a": {1: 2}}, "'a'", "which is not a dict of the keys of a listener's table"),
        (LISTENERS, {"a.b": {}}, "'a.b'", NOT_ITS_NAME),
        (AUTHENTICATORS, [Pack], f"{HERE}.Pack", "which does not have the method authenticate"),
        (
            AUTHORIZERS,
            [Nameless],
            f"{HERE}.Nameless",
            "which has no text in its class attribute 'name'",
        ),
        (
            ENHANCED,
            [Nameless],
            f"{HERE}.Nameless",
            "which has no text in its class attribute 'method'",
        ),
        (
            ENHANCED,
            [BytesRiddle],
            f"{HERE}.BytesRiddle",
            "which has no text in its class attribute 'method'",
        ),
        (
            EVENTS,
            [EventListener],
            "the class robustmq_common.spi.events.EventListener",
            "which is not an instance of robustmq_common.spi.events.EventListener",
        ),
    ],
)
def test_what_will_not_do_is_said_in_a_clause(
    kind: Kind, returned: Any, subject: str, clause: str
) -> None:
    with pytest.raises(Fault) as caught:
        kind.named(returned)
    assert str(caught.value) == f"returned {subject} from {kind.hook}, {clause}"
