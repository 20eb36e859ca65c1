import json

import pytest
from ctl_kit import Ctl


def test_bans_are_added_listed_and_deleted(ctl: Ctl) -> None:
    (said,) = ctl.lines("ban", "add", "clientid", "meter-7", "--reason", "sends nonsense")
    assert said == "clientid meter-7 is banned for ever; 0 clients were disconnected"
    (said,) = ctl.lines(
        "ban", "add", "peerhost_net", "10.1.1.1/8", "--until", "2099-01-31T12:00:00Z"
    )
    assert "10.0.0.0/8 is banned until 2099-01-31T12:00:00.000Z;" in said
    assert ctl.lines("ban", "add", "username", "bob", "--duration", "1d")[0].startswith("username")
    header, *rows = ctl.lines("ban", "list")
    assert header.split() == ["kind", "value", "until", "by", "since", "reason"]
    assert [row.split()[:2] for row in rows] == [
        ["clientid", "meter-7"],
        ["username", "bob"],
        ["peerhost_net", "10.0.0.0/8"],
    ]
    assert rows[0].endswith("sends nonsense")
    as_json = [json.loads(line) for line in ctl.lines("ban", "list", "--json")]
    assert [one["until"] is None for one in as_json] == [True, False, False]
    (said,) = ctl.lines("ban", "delete", "clientid", "meter-7")
    assert said == "clientid meter-7 is not banned any more"
    assert ctl.lines("ban", "clear") == ["2 bans are lifted"]


def test_what_clients_call_themselves_does_not_move_the_cursor(ctl: Ctl) -> None:
    ctl.lines("ban", "add", "clientid", "\x1b[2Jx")
    assert "\x1b" not in "".join(ctl.lines("ban", "list"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["add", "client", "c"], "error: 'client' cannot be banned; there are clientid, "),
        (["add", "peerhost", "meter"], "error: ban peerhost 'meter': not an IP address"),
        (["add", "clientid_re", "("], "error: ban clientid_re '(': not a regular expression"),
        (["add", "clientid", "c", "--duration", "soon"], "error: --duration soon: expected a"),
        (["add", "clientid", "c", "--until", "soon"], "error: --until soon: not a time such as"),
        (["add", "clientid", "c", "--until", "2001-01-01"], "error: the end of the ban is in the"),
        (["delete", "clientid", "c"], "error: there is no ban on clientid 'c'; see"),
    ],
)
def test_wrong_commands_are_told(ctl: Ctl, arguments: list[str], said: str) -> None:
    code, told = ctl.failure("ban", *arguments)
    assert (code, told.startswith(said)) == (64, True), told
