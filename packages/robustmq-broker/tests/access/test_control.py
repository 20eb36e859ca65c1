"""The access chains: order, silence and failure; what is not allowed is denied."""

from typing import Any, cast

import pytest

from memory_loop import run_to_end
from robustmq_broker.access.control import (
    BAD_USER_NAME_OR_PASSWORD,
    NOT_AUTHORIZED,
    AccessControl,
    Chains,
    answer,
)
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, AuthResult, ClientInfo
from robustmq_common.testing import RecordingLog

NAMED = ClientInfo("c", "user", "127.0.0.1:1", "tcp", "MQTT 5.0")
UNNAMED = ClientInfo("c", None, "127.0.0.1:1", "tcp", "MQTT 5.0")


class Link:
    """A link of either chain that always says the same, or fails."""

    def __init__(self, name: str, says: Any) -> None:
        self.name = name
        self.says = says
        self.asked = 0

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        self.asked += 1
        if isinstance(self.says, Exception):
            raise self.says
        result: Any = self.says if self.says is None else AuthResult(self.says, 0x8A, "why")
        return cast(AuthResult, result)

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        self.asked += 1
        if isinstance(self.says, Exception):
            raise self.says
        verdict: int = self.says
        return verdict


def links(*verdicts: Any) -> list[Link]:
    return [Link(f"link {i}", says) for i, says in enumerate(verdicts)]


@pytest.mark.parametrize(
    ("verdicts", "client", "anonymous", "verdict", "code", "asked"),
    [
        ([], NAMED, True, ALLOW, 0, []),
        ([], UNNAMED, True, ALLOW, 0, []),
        ([], UNNAMED, False, DENY, NOT_AUTHORIZED, []),
        ([], NAMED, False, DENY, NOT_AUTHORIZED, []),
        ([ALLOW, DENY], NAMED, False, ALLOW, 0x8A, [1, 0]),
        ([DENY, ALLOW], NAMED, True, DENY, 0x8A, [1, 0]),
        ([IGNORE, ALLOW], NAMED, False, ALLOW, 0x8A, [1, 1]),
        ([IGNORE, DENY], UNNAMED, True, DENY, 0x8A, [1, 1]),
        ([IGNORE, IGNORE], NAMED, True, DENY, BAD_USER_NAME_OR_PASSWORD, [1, 1]),
        ([IGNORE], UNNAMED, True, ALLOW, 0, [1]),
        ([IGNORE], UNNAMED, False, DENY, NOT_AUTHORIZED, [1]),
        ([17, ALLOW], NAMED, False, ALLOW, 0x8A, [1, 1]),
        ([17], NAMED, True, DENY, BAD_USER_NAME_OR_PASSWORD, [1]),
    ],
)
def test_authentication(
    verdicts: list[int],
    client: ClientInfo,
    anonymous: bool,
    verdict: int,
    code: int,
    asked: list[int],
) -> None:
    chain = links(*verdicts)
    log = RecordingLog()
    result = run_to_end(
        AccessControl(Chains(chain, [], anonymous), {}, log).authenticate(client, b"secret")
    )
    assert (result.verdict, result.reason_code) == (verdict, code)
    assert [link.asked for link in chain] == asked
    assert log.entries == []


@pytest.mark.parametrize("says", [RuntimeError("boom"), None])
def test_a_failing_authenticator_is_a_denial_and_is_logged(says: Any) -> None:
    chain = links(IGNORE, says, ALLOW)
    log = RecordingLog()
    control = AccessControl(Chains(chain, [], True), {}, log)
    result = run_to_end(control.authenticate(NAMED, b"secret"))
    assert (result.verdict, result.reason_code) == (DENY, NOT_AUTHORIZED)
    assert chain[2].asked == 0
    ((level, _, fields),) = log.entries
    assert level == "error"
    assert fields["authenticator"] == "link 1"
    assert isinstance(fields["exc_info"], Exception)
    assert "secret" not in repr(log.entries)


@pytest.mark.parametrize(
    ("verdicts", "allowed", "asked"),
    [
        ([], True, []),
        ([ALLOW, DENY], True, [1, 0]),
        ([DENY, ALLOW], False, [1, 0]),
        ([IGNORE, ALLOW], True, [1, 1]),
        ([IGNORE, IGNORE], False, [1, 1]),
        ([17], False, [1]),
        ([None], False, [1]),
        ([RuntimeError("boom"), ALLOW], False, [1, 0]),
    ],
)
def test_authorization(verdicts: list[Any], allowed: bool, asked: list[int]) -> None:
    chain = links(*verdicts)
    log = RecordingLog()
    control = AccessControl(Chains([], chain, True, not chain), {}, log)
    assert control.authorize(NAMED, "publish", "a", 1, False) is allowed
    assert [link.asked for link in chain] == asked
    assert len(log.events("error")) == sum(isinstance(one, Exception) for one in verdicts)


def test_superusers_are_not_asked_about() -> None:
    chain = links(DENY)
    client = ClientInfo("c", "root", "127.0.0.1:1", "tcp", "MQTT 5.0", is_superuser=True)
    assert AccessControl(Chains([], chain), {}, RecordingLog()).authorize(
        client, "publish", "a", 0, True
    )
    assert chain[0].asked == 0


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (None, RuntimeError("boom")),
        (AuthResult(ALLOW), RuntimeError("boom")),
        (None, None),
        ("yes", None),
    ],
)
def test_no_answer_is_a_denial(result: object, error: Exception | None) -> None:
    given: list[AuthResult] = []
    answer(given.append)(result, error)
    assert [one.verdict for one in given] == [DENY]


def test_an_answer_is_passed_on() -> None:
    given: list[AuthResult] = []
    allowed = AuthResult(ALLOW)
    answer(given.append)(allowed, None)
    assert given == [allowed]


def test_a_listener_may_have_a_mountpoint() -> None:
    control = AccessControl(Chains(), {"tcp": Chains(mountpoint="${username}/")}, RecordingLog())
    client = ClientInfo("c", "user", "127.0.0.1:1", "tcp", "MQTT 5.0")
    assert control.mount(client).verdict == ALLOW
    assert client.mountpoint == "user/"
    refused = control.mount(UNNAMED)
    assert (refused.verdict, refused.reason_code) == (DENY, NOT_AUTHORIZED)
    assert UNNAMED.mountpoint == ""
    elsewhere = ClientInfo("c", "user", "127.0.0.1:1", "ws", "MQTT 5.0")
    assert control.mount(elsewhere).verdict == ALLOW
    assert elsewhere.mountpoint == ""


def test_a_listener_may_have_chains_of_its_own() -> None:
    own, default = links(ALLOW), links(DENY)
    control = AccessControl(Chains(default, default), {"tcp": Chains(own, own)}, RecordingLog())
    assert run_to_end(control.authenticate(NAMED, b"")).verdict == ALLOW
    assert control.authorize(NAMED, "publish", "a", 0, False)
    elsewhere = ClientInfo("c", "user", "127.0.0.1:1", "ws", "MQTT 5.0")
    assert run_to_end(control.authenticate(elsewhere, b"")).verdict == DENY
    assert not control.authorize(elsewhere, "publish", "a", 0, False)


@pytest.mark.parametrize("allowed", [True, False])
def test_what_nobody_has_an_opinion_on(allowed: bool) -> None:
    for verdicts in ([], [IGNORE]):
        chains = Chains([], links(*verdicts), True, allowed)
        control = AccessControl(chains, {}, RecordingLog())
        assert control.authorize(NAMED, "publish", "a", 0, False) is allowed
        assert control.authorizes() is (bool(verdicts) or not allowed)
