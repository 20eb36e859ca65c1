from pathlib import Path

from ctl_kit import Ctl

RULE = "allow user alice publish sensors/#"


def test_rules_are_added_listed_imported_and_deleted(ctl: Ctl, tmp_path: Path) -> None:
    result = ctl.run("acl", "add", *RULE.split())
    assert result.stdout == f"rule 1: {RULE}\n"
    assert 'put "rules" into access.authorizers' in result.stderr
    ctl.lines("acl", "add", "--before", "1", "deny all subscribe eq #")
    file = tmp_path / "rules"
    file.write_text("# comment\n\nallow all all news/#\nallow all all 'x'\n")
    assert ctl.lines("acl", "import", file) == ["2 rules added"]
    assert [line.split(maxsplit=1) for line in ctl.lines("acl", "list")] == [
        ["number", "rule"],
        ["2", "deny all subscribe eq #"],
        ["1", RULE],
        ["3", "allow all all news/#"],
        ["4", "allow all all 'x'"],
    ]
    assert ctl.lines("acl", "list", "--json")[1] == f'{{"number": 1, "rule": "{RULE}"}}'
    assert ctl.lines("acl", "delete", "1") == [f"forgot rule 1: {RULE}"]


def test_what_is_wrong_is_told(ctl: Ctl, tmp_path: Path) -> None:
    code, said = ctl.failure("acl", "add", "allow all fly x")
    assert (code, "column 11: expected publish, subscribe or all" in said) == (64, True)
    code, said = ctl.failure("acl", "delete", "7")
    assert (code, "there is no rule 7" in said) == (64, True)
    code, said = ctl.failure("acl", "import", tmp_path / "missing")
    assert (code, "cannot read" in said) == (64, True)
    for command in (["reload"], ["test", "publish", "a"]):
        code, said = ctl.failure("acl", *command)
        assert (code, "no broker is running" in said) == (3, True)
