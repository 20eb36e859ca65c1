"""[D] An ordered key-value store on disk (RocksDB): the only place that imports its library.

    database = Database.open(folder, ["records", "keys"], Tuning())
    batch = database.batch()
    batch.put(b"key", b"value", database.handles["keys"])
    database.write(batch)                        # in the hands of the operating system
    database.sync()                              # on the disk
    database.scan("keys", b"a", b"b", limit=100)

Needs rocksdict, which robustmq-broker brings along. Writing and reading hold the interpreter's lock
and take microseconds; `sync`, `flush`, `compact` and `close` let go of it, so they belong into a
thread.
"""

from robustmq_common.kv.database import Database, Stalled
from robustmq_common.kv.failures import Damaged
from robustmq_common.kv.opening import Tuning

__all__ = ["Damaged", "Database", "Stalled", "Tuning"]
