"""Rules in a file: what is wrong with it is told, and the rules that were there stay."""

import asyncio
from pathlib import Path

import pytest

from loop_services import LoopServices
from robustmq_broker.access.rules.acl_file import FILE_MAX, AclFile
from robustmq_broker.access.rules.rules_config import AclFileConfig
from robustmq_common.errors import ConfigError
from robustmq_common.spi.access import ALLOW, IGNORE, ClientInfo

CLIENT = ClientInfo("c1", "alice", "127.0.0.1:1", "tcp", "MQTT 5.0")


async def started(path: Path, **config: object) -> tuple[AclFile, LoopServices]:
    section = AclFileConfig.model_validate({"path": str(path), **config})
    services = LoopServices({"acl_file": section})
    link = AclFile()
    await link.start(services)
    return link, services


def says(link: AclFile, topic: str) -> int:
    return link.authorize(CLIENT, "publish", topic, 0, False)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "acl.conf"
        path.write_text("allow all publish a\n")
        link, services = await started(path)
        assert (says(link, "a"), says(link, "b")) == (ALLOW, IGNORE)
        assert link.explain(CLIENT, "publish", "a", 0, False) == "acl.conf:1: allow all publish a"
        path.write_text("allow all publish b and more\n")
        services.timers.advance(2.5)
        await services.settle()
        assert (says(link, "a"), says(link, "b")) == (IGNORE, ALLOW)
        assert services.changes == 2
        services.timers.advance(60.0)
        await services.settle()
        assert services.changes == 2

    asyncio.run(scenario())


def test_an_error_keeps_the_rules_and_is_told_once(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "acl.conf"
        path.write_text("allow all publish a\n")
        link, services = await started(path)
        path.write_text("allow all publish b\nallow all fly c\n")
        for _ in range(5):
            services.timers.advance(2.5)
            await services.settle()
        assert (says(link, "a"), says(link, "b")) == (ALLOW, IGNORE)
        (told,) = [entry for entry in services.log.entries if entry[0] == "error"]
        assert "line 2, column 11: expected publish, subscribe or all" in told[2]["reason"]
        with pytest.raises(ConfigError, match="line 2, column 11"):
            await link.reload()
        path.unlink()
        services.timers.advance(2.5)
        await services.settle()
        assert says(link, "a") == ALLOW
        path.write_text("allow all publish b\n")
        services.timers.advance(2.5)
        await services.settle()
        assert says(link, "b") == ALLOW

    asyncio.run(scenario())


def test_mosquitto_is_recognized_or_named(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "aclfile"
        path.write_text("user alice\ntopic write a\n")
        link, _ = await started(path)
        assert says(link, "a") == ALLOW
        with pytest.raises(ConfigError, match="expected allow or deny, not 'user'"):
            await started(path, format="rules")
        path.write_text("allow all publish a\n")
        with pytest.raises(ConfigError, match="expected user, topic or pattern"):
            await started(path, format="mosquitto")

    asyncio.run(scenario())


def test_without_an_interval_nothing_is_watched(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "acl.conf"
        path.write_text("")
        _, services = await started(path, check_interval=0)
        assert services.timers.pending() == 0

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "no such file"),
        (b"allow all all #\n\xff\n", "line 2 is not UTF-8"),
        (b"# " + b"x" * FILE_MAX, "larger than"),
        (b"allow all all a+\n", "line 1, column 15"),
    ],
)
def test_the_broker_does_not_start_with_a_bad_file(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    path = tmp_path / "acl.conf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=problem):
        asyncio.run(started(path))


def test_a_byte_order_mark_is_no_rule(tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "acl.conf"
        path.write_bytes(b"\xef\xbb\xbfallow all publish a\r\n")
        link, _ = await started(path)
        assert says(link, "a") == ALLOW

    asyncio.run(scenario())
