"""The RocksDB adapter is a plugin like any other."""

from importlib.metadata import EntryPoint

from robustmq_broker.storage.rocksdb import plugin
from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter
from robustmq_common.plugins.contributions import contributions


def test_it_registers_the_adapter() -> None:
    assert contributions(plugin, "rocksdb") == {
        "robustmq_storage_adapters": [("rocksdb", RocksdbAdapter)]
    }


def test_the_entry_point_leads_to_it() -> None:
    point = EntryPoint("rocksdb", "robustmq_broker.storage.rocksdb.plugin", "robustmq")
    assert point.load() is plugin
