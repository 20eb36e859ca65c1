"""Sweeps go on where the last one stopped, and leave nothing of what is gone."""

from pathlib import Path

from rocksdb_kit import Kit, kit

from robustmq_broker.storage.rocksdb.sweep import Sweep
from robustmq_common.spi.storage import Append, Drop, Retain, Trim

NOW = 1000.0


def sweep(store: Kit) -> int:
    """Sweep until there is no more to do; returns how many steps it took."""
    one = Sweep(store.database, store.shards)
    for steps in range(1, 1000):
        stage = store.stage()
        one.step(stage, NOW)
        store.write(stage)
        if not one.more:
            return steps
    raise AssertionError("it does not end")


def test_many_records_expire_in_steps(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        store.commit(*(Append("a", b"", expires_at=NOW - 1) for _ in range(2000)))
        store.commit(Append("a", b"", expires_at=NOW + 1))
        assert sweep(store) > 3
        assert (store.count("records"), store.count("expiry")) == (1, 1)


def test_expiry_of_what_is_gone_already(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        for name in ("dropped", "trimmed"):
            store.commit(*(Append(name, b"old", expires_at=NOW - 1) for _ in range(3)))
        store.commit(Drop("dropped"), Trim("trimmed", 3))
        store.commit(Append("dropped", b"new"), Append("trimmed", b"new"))
        sweep(store)
        assert (store.count("records"), store.count("expiry")) == (2, 0)


def test_limits_of_many_shards_in_steps(tmp_path: Path) -> None:
    with kit(tmp_path) as store:
        names = [f"shard-{number:03d}" for number in range(200)]
        store.commit(*(Retain(name, records=1) for name in names))
        store.commit(*(Append(name, b"x") for name in names * 3))
        assert sweep(store) > 3
        assert store.count("records") == 200
        assert {(s.start, s.end) for s in map(store.shards.look_up, names) if s} == {(2, 3)}
        assert sweep(store) > 3
