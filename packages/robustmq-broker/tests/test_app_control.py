"""What commands act on: a broker that has started, or its storage without one."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from robustmq_broker.app import SOCKET_NAME, Broker, Offline, control_server
from robustmq_broker.config import SECTIONS
from robustmq_broker.storage import memory_plugin
from robustmq_broker.storage.rocksdb import plugin as rocksdb_plugin
from robustmq_common.config import Settings, load_settings
from robustmq_common.errors import CallerError, NotRunning
from robustmq_common.message import Record
from robustmq_common.plugins.discovery import PluginInfo
from robustmq_common.plugins.registry import Registry
from robustmq_common.spi.consumers import AtOffset
from robustmq_common.spi.storage import Append, WriteBatch

DEADLINE = 20.0


def settings(folder: Path, adapter: str) -> Settings:
    given = [f"broker.data_dir={folder}", f"storage.adapter={adapter}"]
    return load_settings(SECTIONS, None, {}, given)


def registry() -> Registry:
    hooks: dict[str, Any] = {
        "robustmq_storage_adapters": [
            (kind.name, kind)
            for part in (memory_plugin, rocksdb_plugin)
            for kind in part.robustmq_storage_adapters()
        ]
    }
    return Registry([(PluginInfo("test", "robustmq-test", "1.0"), hooks)])


def test_a_broker_is_asked_over_its_socket(tmp_path: Path) -> None:
    async def ask(command: str, **arguments: Any) -> tuple[asyncio.StreamReader, Any]:
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / SOCKET_NAME))
        request = {"command": command, "arguments": arguments}
        writer.write(json.dumps(request).encode() + b"\n")
        return reader, writer

    async def scenario() -> None:
        broker = Broker(settings(tmp_path, "memory"), registry())
        await broker.start()
        control = control_server(broker)
        await control.open()
        await broker.adapter.commit(WriteBatch([Append("log", b"1"), Append("log", b"2")]))
        group = broker.services.consumers.group("g")
        assert await group.seek("log", AtOffset(1)) == 1
        reader, writer = await ask("groups.list")
        assert json.loads(await reader.readline()) == {"group": "g", "shards": 1, "lag": 1}
        assert json.loads(await reader.readline()) == {"done": True}
        writer.close()
        reader, writer = await ask("topic.tail", filter="a")
        await reader.readline()
        broker.services.router.route("a").deliver(Record("a", b"payload"))
        (message,) = json.loads(await reader.readline())["messages"]
        assert message["topic"] == "a"
        writer.close()
        await control.close()
        await broker.stop()

    asyncio.run(asyncio.wait_for(scenario(), DEADLINE))


def test_storage_is_opened_without_a_broker(tmp_path: Path) -> None:
    async def scenario() -> None:
        offline = Offline(settings(tmp_path, "rocksdb"), registry())
        await offline.open()
        assert offline.adapter("").name == "rocksdb"
        with pytest.raises(CallerError, match="no storage adapter 'memory' here"):
            offline.adapter("memory")
        await offline.adapter("").commit(WriteBatch([Append("log", b"1")]))
        (page,) = [one async for one in offline.perform("storage.shards", {})]
        assert [shard["name"] for shard in page["shards"]] == ["log"]
        with pytest.raises(NotRunning):
            await anext(offline.perform("topic.tail", {"filter": "a"}))
        await offline.close()

    asyncio.run(asyncio.wait_for(scenario(), DEADLINE))
