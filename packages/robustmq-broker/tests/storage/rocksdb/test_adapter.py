"""The RocksDB adapter keeps the contract, and agrees with the naive one on random batches."""

from pathlib import Path

import pytest

from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter
from robustmq_common.spi.storage import StorageAdapter
from robustmq_common.testing.storage_contract import StorageAdapterContract


class TestRocksdbAdapter(StorageAdapterContract):
    durable = True

    @pytest.fixture(autouse=True, params=["memory", "os", "fsync"])
    def place(self, tmp_path: Path, request: pytest.FixtureRequest) -> None:
        self.folder = tmp_path
        self.durability = request.param

    def make_adapter(self) -> StorageAdapter:
        return RocksdbAdapter({"durability": self.durability}, self.folder)
