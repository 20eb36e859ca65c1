from pathlib import Path

import pytest
from control_kit import kit, run

from robustmq_common.errors import CallerError
from robustmq_common.spi.storage import Append


def test_groups_are_listed_moved_and_deleted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            await one.write(*(Append("log", b"", timestamp=100.0 + n) for n in range(10)))
            to = {"shard": "log", "to": {"offset": 4}}
            assert await one.ask("groups.seek", group="g", **to) == [{"position": 4}]
            assert await one.ask("groups.list") == [{"group": "g", "shards": 1, "lag": 6}]
            lag = {"shard": "log", "position": 4, "start": 0, "end": 10, "lag": 6}
            assert await one.ask("groups.lag", group="g") == [lag]
            to = {"shard": "log", "to": {"timestamp": 107.5}}
            assert await one.ask("groups.seek", group="g", **to) == [{"position": 8}]
            to = {"shard": "log", "to": "latest"}
            assert await one.ask("groups.seek", group="g", **to) == [{"position": 10}]
            assert await one.ask("groups.delete", group="g") == [{"deleted": "g"}]
            assert await one.ask("groups.list") == []

    run(scenario)


@pytest.mark.parametrize("command", ["groups.lag", "groups.delete"])
def test_a_group_that_is_not_there_is_told(tmp_path: Path, command: str) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            with pytest.raises(CallerError, match="no consumer group 'g'"):
                await one.ask(command, group="g")

    run(scenario)


def test_a_shard_that_is_not_there_cannot_be_moved_in(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            with pytest.raises(CallerError, match="no shard 'log'"):
                await one.ask("groups.seek", group="g", shard="log", to="earliest")

    run(scenario)
