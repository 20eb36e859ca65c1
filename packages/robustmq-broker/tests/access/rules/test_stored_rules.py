"""The authorizer "rules" goes by what is stored, from the start and after a change."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from robustmq_broker.access.rules.rule_store import RuleStore
from robustmq_broker.access.rules.stored_rules import StoredRules
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.spi.access import ALLOW, IGNORE, ClientInfo
from robustmq_common.testing import FakeServices

CLIENT = ClientInfo("c1", "alice", "127.0.0.1:1", "tcp", "MQTT 5.0")


def test_a_change_counts_when_it_is_read() -> None:
    async def scenario() -> None:
        adapter = MemoryAdapter({}, Path())
        await adapter.open()
        services = FakeServices(storage=cast(Any, SimpleNamespace(adapter=adapter)))
        store = RuleStore(adapter, asyncio.Lock())
        await store.add("allow user alice publish a")
        link = StoredRules()
        await link.start(services)
        assert link.authorize(CLIENT, "publish", "a", 0, False) == ALLOW
        explained = link.explain(CLIENT, "publish", "a", 0, False)
        assert explained == "rule 1: allow user alice publish a"
        await store.delete(1)
        assert link.authorize(CLIENT, "publish", "a", 0, False) == ALLOW
        await link.reload()
        assert link.authorize(CLIENT, "publish", "a", 0, False) == IGNORE
        assert services.changes == 2

    asyncio.run(scenario())
