import base64
import json

from ctl_kit import Ctl

from robustmq_common.spi.storage import Append


def test_records_are_lines(ctl: Ctl) -> None:
    ctl.fill()
    lines = ctl.lines("storage", "read", "log", "--count", "2")
    assert lines == [
        "2  2023-11-14T22:13:22.000Z  k2  value 2",
        "3  2023-11-14T22:13:23.000Z  k3  value 3",
    ]


def test_the_beginning_can_be_chosen(ctl: Ctl) -> None:
    ctl.fill()

    def first(place: str) -> list[str]:
        lines = ctl.lines("storage", "read", "log", "--from", place, "--count", "1")
        return [line.split()[0] for line in lines]

    assert first("7") == ["7"]
    assert first("2023-11-14T22:13:26Z") == ["6"]
    assert first("earliest") == ["2"]
    assert first("latest") == []


def test_raw_is_the_values_alone(ctl: Ctl) -> None:
    ctl.write(Append("raw", b"\x00\xff"), Append("raw", b"x\n"))
    result = ctl.run("storage", "read", "raw", "--raw")
    assert result.stdout_bytes == b"\x00\xffx\n"


def test_json_has_everything(ctl: Ctl) -> None:
    ctl.fill()
    records = [json.loads(line) for line in ctl.lines("storage", "read", "log", "--json")]
    assert [one["offset"] for one in records] == list(range(2, 10))
    assert base64.b64decode(records[0]["value"]) == b"value 2"


def test_a_group_remembers(ctl: Ctl) -> None:
    ctl.fill()
    read = ["storage", "read", "log", "--group", "g", "--count", "3"]
    assert [line.split()[0] for line in ctl.lines(*read)] == ["2", "3", "4"]
    assert [line.split()[0] for line in ctl.lines(*read)] == ["5", "6", "7"]


def test_what_cannot_be_is_told(ctl: Ctl) -> None:
    ctl.fill()
    assert ctl.failure("storage", "read", "log", "--json", "--raw")[0] == 64
    code, said = ctl.failure("storage", "read", "log", "--from", "x")
    assert (code, said[:34]) == (64, "error: 'x' is no place in a log: g")
    code, said = ctl.failure("storage", "read", "log", "--follow")
    assert (code, "no broker is running" in said) == (3, True)
