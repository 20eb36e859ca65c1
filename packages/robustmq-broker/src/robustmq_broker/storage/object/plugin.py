"""[A] The object storage adapter enters like any third party's: through an entry point."""

from robustmq_broker.storage.object.adapter import ObjectAdapter
from robustmq_common.plugins import hookimpl
from robustmq_common.spi.storage import StorageAdapter


@hookimpl
def robustmq_storage_adapters() -> list[type[StorageAdapter]]:
    """The storage adapter "object"."""
    return [ObjectAdapter]
