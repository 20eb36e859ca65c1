"""acl.*: stored rules are changed with and without a broker, and a request is explained."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from control_kit import Kit, kit, run

from robustmq_broker.access.control import AccessControl, Chains
from robustmq_broker.access.rules.stored_rules import StoredRules
from robustmq_common.errors import CallerError, NotRunning
from robustmq_common.testing import FakeServices, RecordingLog

RULE = "allow user alice publish sensors/#"


async def with_broker(one: Kit) -> None:
    """As if a broker ran that asks the stored rules."""
    link = StoredRules()
    await link.start(FakeServices(storage=cast(Any, SimpleNamespace(adapter=one.adapter))))
    access = AccessControl(Chains(), {"tcp": Chains([], [link])}, RecordingLog())
    one.context = replace(one.context, services=cast(Any, SimpleNamespace(access=access)))


def test_rules_are_added_listed_and_deleted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            added = await one.ask("acl.add", rules=[RULE, "deny all all x"])
            assert added[0] == {"number": 1, "rule": RULE, "active": False}
            await one.ask("acl.add", rules=["deny all all y"], before=2)
            (page,) = await one.ask("acl.list")
            assert [rule["number"] for rule in page["rules"]] == [1, 3, 2]
            deleted = await one.ask("acl.delete", number=1)
            assert deleted == [{"number": 1, "rule": RULE, "active": False}]

    run(scenario)


def test_a_running_broker_goes_by_them_at_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            await with_broker(one)
            about = {"action": "publish", "topic": "sensors/1", "user": "alice"}
            assert (await one.ask("acl.test", **about))[-1] == {"allowed": False}
            assert (await one.ask("acl.add", rules=[RULE]))[0]["active"]
            assert await one.ask("acl.test", **about) == [
                {"authorizer": "rules", "verdict": "allow", "detail": f"rule 1: {RULE}"},
                {"allowed": True},
            ]
            about["user"] = "bob"
            assert await one.ask("acl.test", **about) == [
                {"authorizer": "rules", "verdict": "no opinion", "detail": ""},
                {"authorizer": "access.no_match", "verdict": "deny", "detail": ""},
                {"allowed": False},
            ]
            assert await one.ask("acl.reload") == [{"reloaded": "rules"}]

    run(scenario)


@pytest.mark.parametrize(
    ("command", "arguments", "problem"),
    [
        ("acl.add", {"rules": [RULE, "allow all fly x"]}, "rule 2, column 11: expected publish"),
        ("acl.add", {"rules": []}, "acl.add: rules"),
        ("acl.delete", {"number": 4}, "there is no rule 4"),
        ("acl.test", {"action": "publish", "topic": "a/#"}, "no wildcards"),
        ("acl.test", {"action": "subscribe", "topic": "a/#/b"}, "not the last character"),
        ("acl.test", {"action": "fly", "topic": "a"}, "acl.test: action"),
        ("acl.test", {"action": "publish", "topic": "a", "qos": 3}, "acl.test: qos"),
        ("acl.test", {"action": "publish", "topic": "a", "listener": "x"}, "no listener 'x'"),
    ],
)
def test_bad_arguments(
    tmp_path: Path, command: str, arguments: dict[str, Any], problem: str
) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            await with_broker(one)
            with pytest.raises(CallerError, match=problem):
                await one.ask(command, **arguments)

    run(scenario)


@pytest.mark.parametrize(
    ("command", "arguments"),
    [("acl.reload", {}), ("acl.test", {"action": "publish", "topic": "a"})],
)
def test_what_needs_a_broker(tmp_path: Path, command: str, arguments: dict[str, Any]) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            with pytest.raises(NotRunning):
                await one.ask(command, **arguments)

    run(scenario)
