"""What could not be stored is stored later, in order, and nothing of it twice."""

from robustmq_common.spi.storage import Delete, Drop, Operation, Put, Trim
from robustmq_mqtt.session_batch import Batch, Redo


def test_the_last_value_of_each_key_in_order() -> None:
    redo = Redo()
    operations: list[Operation] = [
        Put("a", b"1", b"old"),
        Put("a", b"2", b"x"),
        Trim("a", 3),
        Delete("b", b"1"),
        Put("a", b"1", b"new"),
        Trim("a", 5),
    ]
    redo.add(operations[:3])
    redo.add(operations[3:])
    assert len(redo) == 4
    assert redo.take() == [operations[1], operations[3], operations[4], operations[5]]
    assert len(redo) == 0


def test_a_dropped_shard_takes_what_was_before_and_nothing_after() -> None:
    redo = Redo()
    redo.add([Put("a", b"1", b"x"), Trim("a", 2), Put("b", b"1", b"x"), Drop("a")])
    redo.add([Put("a", b"1", b"y")])
    assert redo.take() == [Put("b", b"1", b"x"), Drop("a"), Put("a", b"1", b"y")]


def test_a_new_batch_is_empty() -> None:
    batch = Batch(3)
    assert (batch.number, batch.appends, batch.state) == (3, [], [])
