"""The memory adapter is a plugin like any other."""

from importlib.metadata import EntryPoint

from robustmq_broker.storage import memory_plugin
from robustmq_broker.storage.memory import MemoryAdapter
from robustmq_common.plugins.contributions import contributions


def test_it_registers_the_adapter() -> None:
    assert contributions(memory_plugin, "memory") == {
        "robustmq_storage_adapters": [("memory", MemoryAdapter)]
    }


def test_the_entry_point_leads_to_it() -> None:
    point = EntryPoint("memory", "robustmq_broker.storage.memory_plugin", "robustmq")
    assert point.load() is memory_plugin
