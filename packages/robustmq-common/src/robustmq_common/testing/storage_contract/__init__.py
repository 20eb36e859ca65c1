"""[D] The tests that every storage adapter has to pass, built in or not. Needs pytest.

Subclass the contract in a test module, and say how to make an adapter:

    from robustmq_common.testing.storage_contract import StorageAdapterContract

    class TestShelf(StorageAdapterContract):
        durable = True

        @pytest.fixture(autouse=True)
        def place(self, tmp_path: Path) -> None:
            self.folder = tmp_path

        def make_adapter(self) -> StorageAdapter:
            return ShelfAdapter({}, self.folder)
"""

import pytest

# Before the tests are imported, so that a failing assertion shows what it compared.
for _part in ("batches", "keys", "life", "records", "retention", "upkeep"):
    pytest.register_assert_rewrite(f"{__name__}.{_part}")

from robustmq_common.testing.storage_contract.batches import BatchContract  # noqa: E402
from robustmq_common.testing.storage_contract.keys import KeyContract  # noqa: E402
from robustmq_common.testing.storage_contract.life import LifeContract  # noqa: E402
from robustmq_common.testing.storage_contract.records import RecordContract  # noqa: E402
from robustmq_common.testing.storage_contract.retention import RetentionContract  # noqa: E402
from robustmq_common.testing.storage_contract.upkeep import UpkeepContract  # noqa: E402

__all__ = ["StorageAdapterContract"]


class StorageAdapterContract(
    RecordContract, RetentionContract, KeyContract, BatchContract, LifeContract, UpkeepContract
):
    """Everything that an adapter promises; `make_adapter` is for the subclass to write."""
