"""[A] The RocksDB adapter enters like any third party's: through an entry point."""

from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter
from robustmq_common.plugins import hookimpl
from robustmq_common.spi.storage import StorageAdapter


@hookimpl
def robustmq_storage_adapters() -> list[type[StorageAdapter]]:
    """The storage adapter "rocksdb"."""
    return [RocksdbAdapter]
