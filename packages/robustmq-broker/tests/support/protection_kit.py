"""A guard with services and time of the test."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memory_loop import run_to_end
from robustmq_broker.config import SECTIONS, ListenerConfig
from robustmq_broker.protection.ban import Ban
from robustmq_broker.protection.bans import SHARD
from robustmq_broker.protection.protection import Protection
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.spi.access import ClientInfo
from robustmq_common.spi.storage import Operation, Put, WriteBatch
from robustmq_common.testing import FakeServices


def client(client_id: str, username: str | None = "u", peer: str = "192.0.2.1:50000") -> ClientInfo:
    return ClientInfo(client_id, username, peer, "tcp", "MQTT 5.0")


class Written:
    """What is written with the turn, and where the bans are."""

    def __init__(self, adapter: MemoryAdapter) -> None:
        self.adapter = adapter
        self.operations: list[Operation] = []

    def write(self, operation: Operation) -> None:
        self.operations.append(operation)


class Log:
    """What was logged."""

    def __init__(self, entries: list[Any]) -> None:
        self._entries = entries

    def has(self, level: str, text: str) -> bool:
        return any(one[0] == level and text in one[1] for one in self._entries)


class Guarded:
    """sections: those that are not as by default. stored: keys and values of the shard of bans."""

    def __init__(self, stored: Mapping[bytes, bytes] | None = None, **sections: Any) -> None:
        adapter = MemoryAdapter({}, Path())
        run_to_end(adapter.open())
        puts: list[Operation] = [Put(SHARD, *one) for one in (stored or {}).items()]
        run_to_end(adapter.commit(WriteBatch(puts)))
        names = ("bans", "flapping", "limits", "attempts", "overload")
        defaults = {name: SECTIONS[name]() for name in names}
        listeners = {
            "tcp": ListenerConfig(protocol="mqtt", bind="127.0.0.1:1"),
            "secure": ListenerConfig(protocol="mqtt", transport="tls", bind="127.0.0.1:2"),
        }
        self._written = Written(adapter)
        storage: Any = self._written
        self.services = FakeServices(
            {"listeners": listeners, **defaults, **sections}, storage=storage
        )
        self.log = Log(self.services.log.entries)
        self.guard = Protection(self.services)
        run_to_end(self.guard.start())

    def ban(self, *bans: Ban) -> None:
        for ban in bans:
            run_to_end(self.guard.bans.add(ban))

    def written(self) -> list[Operation]:
        return self._written.operations

    def metric(self, name: str) -> int:
        return self.services.metrics.snapshot().get(name, 0)

    def stall(self, seconds: float) -> None:
        """Keep the event loop from running: timers fire when it is over, all of them late."""
        timers = self.services.timers
        due = list(timers._timers)
        timers._timers.clear()
        timers.clock.advance(seconds)
        for timer in due:
            if timer.callback is not None:
                timer.callback()
