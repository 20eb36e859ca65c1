from pathlib import Path
from typing import Any

import pytest
from control_kit import kit, run

from robustmq_common.errors import CallerError


@pytest.mark.parametrize("until", [{}, {"seconds": 600.0}, {"until": 9e9}])
def test_bans_are_added_listed_and_deleted(tmp_path: Path, until: dict[str, float]) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            (added,) = await one.ask(
                "bans.add", kind="peerhost_net", value="10.1.1.1/8", reason="why", by="me", **until
            )
            assert added.pop("disconnected") == 0
            assert (added["value"], added["reason"], added["by"]) == ("10.0.0.0/8", "why", "me")
            assert (added["until"] is None) is (not until)
            assert await one.ask("bans.list") == [{"bans": [added]}]
            deleted = await one.ask("bans.delete", kind="peerhost_net", value="10.2.2.2/8")
            assert deleted == [{"deleted": 1}]
            assert await one.ask("bans.list") == []

    run(scenario)


def test_all_are_lifted(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            for n in range(250):
                await one.ask("bans.add", kind="clientid", value=f"c{n}")
            pages = await one.ask("bans.list")
            assert [len(page["bans"]) for page in pages] == [100, 100, 50]
            assert await one.ask("bans.clear") == [{"deleted": 250}]
            assert await one.ask("bans.clear") == [{"deleted": 0}]

    run(scenario)


@pytest.mark.parametrize(
    ("command", "arguments", "said"),
    [
        ("add", {"kind": "clientid"}, "value: Field required"),
        ("add", {"kind": "ip", "value": "c"}, "'ip' cannot be banned; there are clientid"),
        ("add", {"kind": "peerhost", "value": "c"}, "not an IP address"),
        ("add", {"kind": "clientid_re", "value": "[a"}, "not a regular expression"),
        ("add", {"kind": "clientid", "value": "c", "seconds": 0}, "greater than 0"),
        ("add", {"kind": "clientid", "value": "c", "until": 5.0}, "in the past"),
        ("add", {"kind": "clientid", "value": "c", "until": 9e9, "seconds": 1}, "not both"),
        ("add", {"kind": "clientid", "value": "c", "until": "NaN"}, "until: "),
        ("delete", {"kind": "clientid", "value": "c"}, "there is no ban on clientid 'c'"),
        ("list", {"kind": "clientid"}, "kind: Extra inputs"),
    ],
)
def test_wrong_commands_are_told(
    tmp_path: Path, command: str, arguments: dict[str, Any], said: str
) -> None:
    async def scenario() -> None:
        async with kit(tmp_path) as one:
            with pytest.raises(CallerError, match=said):
                await one.ask(f"bans.{command}", **arguments)

    run(scenario)
