import json

import pytest
from ctl_kit import Ctl

from robustmq_common.spi.storage import Put


def test_shards_are_a_table(ctl: Ctl) -> None:
    ctl.fill()
    header, keys, log = ctl.lines("storage", "shards")
    assert header.split() == ["shard", "records", "size", "offsets", "oldest", "newest", "keys"]
    assert keys.split()[0] == "keys"
    assert log.split()[0] == "log"
    assert log.split()[4:] == [
        "2-10",
        "2023-11-14T22:13:22.000Z",
        "2023-11-14T22:13:29.000Z",
        "0",
    ]


def test_shards_can_be_chosen_and_are_json_if_asked(ctl: Ctl) -> None:
    ctl.fill()
    (line,) = ctl.lines("storage", "shards", "lo", "--json")
    shard = json.loads(line)
    assert (shard["name"], shard["start"], shard["end"], shard["keys"]) == ("log", 2, 10, 0)
    assert ctl.lines("storage", "shards", "x", "--json") == []


def test_many_shards_are_all_there(ctl: Ctl) -> None:
    ctl.write(*(Put(f"s{n:03}", b"k", b"") for n in range(250)))
    lines = ctl.lines("storage", "shards")
    assert [line.split()[0] for line in lines] == ["shard", *(f"s{n:03}" for n in range(250))]


def test_usage_is_told(ctl: Ctl) -> None:
    ctl.fill()
    lines = dict(line.split("  ", 1) for line in ctl.lines("storage", "usage"))
    assert lines["adapter"].strip() == "rocksdb"
    assert lines["shards"].strip() == "2"
    assert lines["on disk"].strip().endswith("B")
    (line,) = ctl.lines("storage", "usage", "--json")
    assert json.loads(line)["keys"] == 1


def test_sound_storage_checks_well_and_is_compacted(ctl: Ctl) -> None:
    ctl.fill()
    (line,) = ctl.lines("storage", "check")
    assert line.startswith("everything can be read")
    (line,) = ctl.lines("storage", "compact")
    assert line.startswith("compacted; on disk: ")
    assert len(ctl.lines("storage", "read", "log")) == 8


def test_damage_is_told_with_an_exit_code(ctl: Ctl) -> None:
    ctl.fill()
    ctl.lines("storage", "compact")
    tables = sorted((ctl.folder / "rocksdb").glob("*.sst"))
    assert tables
    for table in tables:
        data = bytearray(table.read_bytes())
        data[10] ^= 0xFF
        table.write_bytes(data)
    code, said = ctl.failure("storage", "check")
    assert code == 74
    assert said.startswith("error: ")


@pytest.mark.parametrize("command", ["shards", "usage", "check", "compact"])
def test_an_unknown_adapter_is_told(ctl: Ctl, command: str) -> None:
    code, said = ctl.failure("storage", command, "--adapter", "x")
    assert (code, said.startswith("error: there is no storage adapter 'x'")) == (64, True)
