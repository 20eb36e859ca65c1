import json

from ctl_kit import Ctl


def test_groups_are_listed_moved_and_deleted(ctl: Ctl) -> None:
    ctl.fill()
    moved = ctl.lines("groups", "seek", "g", "log", "5")
    assert moved == ["g goes on in log at offset 5"]
    assert [line.split() for line in ctl.lines("groups", "list")] == [
        ["group", "shards", "lag"],
        ["g", "1", "5"],
    ]
    assert [line.split() for line in ctl.lines("groups", "lag", "g")] == [
        ["shard", "position", "start", "end", "lag"],
        ["log", "5", "2", "10", "5"],
    ]
    (line,) = ctl.lines("groups", "lag", "g", "--json")
    assert json.loads(line)["lag"] == 5
    assert ctl.lines("groups", "seek", "g", "log", "2023-11-14T22:13:28Z")[0].endswith("offset 8")
    assert ctl.lines("groups", "delete", "g") == ["g is forgotten"]
    assert ctl.lines("groups", "list", "--json") == []


def test_what_is_not_there_is_told(ctl: Ctl) -> None:
    for command in (["lag", "g"], ["delete", "g"], ["seek", "g", "log", "5"]):
        code, said = ctl.failure("groups", *command)
        assert (code, said.startswith("error: there is no ")) == (64, True)
