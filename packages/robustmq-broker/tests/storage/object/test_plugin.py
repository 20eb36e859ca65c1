"""The object adapter is a plugin like any other."""

from importlib.metadata import EntryPoint

from robustmq_broker.storage.object import plugin
from robustmq_broker.storage.object.adapter import ObjectAdapter
from robustmq_common.plugins.contributions import contributions


def test_it_registers_the_adapter() -> None:
    assert contributions(plugin, "object") == {
        "robustmq_storage_adapters": [("object", ObjectAdapter)]
    }


def test_the_entry_point_leads_to_it() -> None:
    point = EntryPoint("object", "robustmq_broker.storage.object.plugin", "robustmq")
    assert point.load() is plugin
