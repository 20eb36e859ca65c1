from pathlib import Path

import pytest
from control_kit import kit, run

from robustmq_common.errors import CallerError


def test_a_command_is_found_by_its_name(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            assert await one.ask("groups.list") == []

    run(scenario)


def test_an_unknown_command_is_answered_with_those_there_are(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            with pytest.raises(CallerError, match=r"no command 'x'.* storage\.check, "):
                one.begin("x")

    run(scenario)


def test_wrong_arguments_are_named(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            with pytest.raises(CallerError, match=r"storage\.read: shard: .*; count: .*; more: "):
                one.begin("storage.read", count=0, more=1)

    run(scenario)
