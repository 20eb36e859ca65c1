"""[H] What one commit to storage means to sessions, and what becomes of it if it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from robustmq_common.spi.operations import Append, Delete, Drop, Operation, Put, Trim

if TYPE_CHECKING:
    from robustmq_mqtt.delivery import Delivery
    from robustmq_mqtt.session_log import SessionLog


class Batch:
    """Messages that are handed to storage with one commit, and the state that goes with them.

    `waiting` counts what it is not as durable as yet; `synced` says that a sync is among that,
    which a rule for a topic asked for.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.waiting = 1
        self.synced = False
        self.error: Exception | None = None
        self.appends: list[tuple[SessionLog, Delivery, Append]] = []
        self.state: list[Operation] = []


class Redo:
    """State that could not be stored: sessions, subscriptions, retained messages, trims.

    Nobody was told that it is stored, but memory has it: it is written before anything else once
    storage works again, in the order it was written, the last value of each key only.
    """

    def __init__(self) -> None:
        self._operations: dict[tuple[str, bytes], Operation] = {}

    def __len__(self) -> int:
        return len(self._operations)

    def add(self, operations: list[Operation]) -> None:
        for operation in operations:
            if isinstance(operation, Drop):
                self._forget(operation.shard)
            key = b"k" + operation.key if isinstance(operation, Put | Delete) else b""
            if isinstance(operation, Trim):
                key = b"t"
            name = (operation.shard, key)
            self._operations.pop(name, None)
            self._operations[name] = operation

    def take(self) -> list[Operation]:
        """All of it, in order; it is to be added again if it fails again."""
        operations = list(self._operations.values())
        self._operations = {}
        return operations

    def _forget(self, shard: str) -> None:
        gone = [name for name in self._operations if name[0] == shard]
        for name in gone:
            del self._operations[name]
