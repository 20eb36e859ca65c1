"""[P] Compare-and-set over a batch: conditions are looked at before anything is written."""

from collections.abc import Callable, Iterable

from robustmq_common.errors import ConditionFailed
from robustmq_common.spi.storage import Append, Delete, Drop, Operation, Put

_KEYED = (Put, Delete)


def check_conditions(
    operations: Iterable[Operation], get: Callable[[str, bytes], bytes | None]
) -> None:
    """Check each `expected` against the value its key has at that place in the batch.

    get: the stored value of (shard, key), None if it is absent. Raises ConditionFailed.
    """
    # What the operations before would have made of a key; None if they removed it.
    changed: dict[tuple[str, bytes], bytes | None] = {}
    dropped: set[str] = set()
    for operation in operations:
        shard = operation.shard
        if isinstance(operation, Put | Delete):
            place = (shard, operation.key)
            if operation.expected is not None:
                if place in changed or shard in dropped:
                    present = changed.get(place)
                else:
                    present = get(shard, operation.key)
                _check(operation, present)
            changed[place] = operation.value if isinstance(operation, Put) else None
        elif isinstance(operation, Drop):
            dropped.add(shard)
            changed = {place: value for place, value in changed.items() if place[0] != shard}


def has_conditions(operations: Iterable[Operation]) -> bool:
    """Whether any of the operations expects a value."""
    for operation in operations:
        # Appends are the many.
        if not isinstance(operation, Append) and isinstance(operation, _KEYED):
            if operation.expected is not None:
                return True
    return False


def _check(operation: Put | Delete, present: bytes | None) -> None:
    if operation.expected == b"":
        holds, found = present is None, "it exists"
    else:
        holds = present == operation.expected
        found = "it does not exist" if present is None else "it has another value"
    if not holds:
        action = type(operation).__name__.lower()
        message = (
            f"the conditional {action} of key {operation.key!r} in shard {operation.shard!r} "
            f"wrote nothing: {found}"
        )
        raise ConditionFailed(message)
