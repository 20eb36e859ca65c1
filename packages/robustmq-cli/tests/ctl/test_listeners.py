from ctl_kit import Ctl


def test_without_a_broker_there_are_none(ctl: Ctl) -> None:
    for command in (["list"], ["stop", "tcp"], ["start", "tcp"], ["reload"]):
        code, said = ctl.failure("listeners", *command)
        assert (code, said.startswith("error: ")) == (3, True)
