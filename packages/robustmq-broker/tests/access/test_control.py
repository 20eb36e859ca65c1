"""The access chains: order, silence and failure; what is not allowed is denied."""

from typing import Any, cast

import pytest

from memory_loop import run_to_end
from robustmq_broker.access.control import (
    BAD_USER_NAME_OR_PASSWORD,
    NOT_AUTHORIZED,
    SERVER_UNAVAILABLE,
    AccessControl,
    Chains,
    answer,
)
from robustmq_common.errors import CallerError, ConfigError
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


@pytest.mark.parametrize("client", [NAMED, UNNAMED])
@pytest.mark.parametrize("anonymous", [True, False])
def test_with_nobody_to_ask_the_answer_is_there_at_once(
    client: ClientInfo, anonymous: bool
) -> None:
    control = AccessControl(Chains((), (), anonymous), {}, RecordingLog())
    at_once = control.unauthenticated(client)
    assert at_once == run_to_end(control.authenticate(client, b"secret"))
    assert at_once.verdict == (ALLOW if anonymous else DENY)


@pytest.mark.parametrize("says", [RuntimeError("boom"), None])
def test_a_failing_authenticator_is_a_denial_and_is_logged(says: Any) -> None:
    chain = links(IGNORE, says, ALLOW)
    log = RecordingLog()
    control = AccessControl(Chains(chain, [], True), {}, log)
    result = run_to_end(control.authenticate(NAMED, b"secret"))
    assert (result.verdict, result.reason_code) == (DENY, SERVER_UNAVAILABLE)
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
    assert [(one.verdict, one.reason_code) for one in given] == [(DENY, SERVER_UNAVAILABLE)]


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


class Slow(Link):
    """A link of the authorization chain that has to wait."""

    async def authorize(  # type: ignore[override]
        self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
    ) -> int:
        return super().authorize(client, action, topic, qos, retain)


@pytest.mark.parametrize(
    ("says", "allowed"),
    [(ALLOW, True), (DENY, False), (IGNORE, False), (OSError("down"), False), (None, False)],
)
def test_links_that_wait(says: Any, allowed: bool) -> None:
    chain = [*links(IGNORE), Slow("slow", says)]
    control = AccessControl(Chains([], chain), {}, RecordingLog())
    assert control.authorize(NAMED, "publish", "a", 0, False) is None
    assert run_to_end(control.authorize_later(NAMED, "publish", "a", 0, False)) is allowed


def test_a_link_before_those_that_wait_decides_at_once() -> None:
    chain = [*links(DENY), Slow("slow", ALLOW)]
    control = AccessControl(Chains([], chain), {}, RecordingLog())
    assert control.authorize(NAMED, "publish", "a", 0, False) is False


@pytest.mark.parametrize(
    ("chains", "open_sys", "peer", "allowed"),
    [
        (Chains([], [], True, True), False, "127.0.0.1:1", True),
        (Chains([], [], True, True), False, "unix", True),
        (Chains([], [], True, True), False, "[::ffff:127.0.0.1]:1", True),
        (Chains([], [], True, True), False, "192.0.2.1:1", False),
        (Chains([], [], True, True), False, "?", False),
        (Chains([], [], True, True), True, "192.0.2.1:1", True),
        (Chains([], links(IGNORE), True, True), False, "127.0.0.1:1", False),
        (Chains(links(ALLOW), [], True, True), False, "127.0.0.1:1", False),
        (Chains([], links(IGNORE), True, True), True, "127.0.0.1:1", True),
        (Chains([], links(ALLOW), True, False), False, "192.0.2.1:1", True),
        (Chains([], links(DENY), True, True), True, "127.0.0.1:1", False),
    ],
)
def test_sys_topics_are_closed(chains: Chains, open_sys: bool, peer: str, allowed: bool) -> None:
    client = ClientInfo("c", None, peer, "tcp", "MQTT 5.0")
    control = AccessControl(chains, {}, RecordingLog(), open_sys)
    for topic_filter in ("$SYS/#", "$SYS", "$SYS/brokers/+"):
        assert control.authorize(client, "subscribe", topic_filter, 0, False) is allowed


def test_reload_asks_each_link_once_and_tells_what_failed() -> None:
    class File(Link):
        async def reload(self) -> None:
            self.asked += 1
            if self.says is not None:
                raise ConfigError(self.says)

    good, bad = File("good", None), File("bad", "line 3, column 7: what is this?")
    plain = links(ALLOW)
    control = AccessControl(
        Chains([good], [good, *plain]), {"tls": Chains([], [good])}, RecordingLog()
    )
    assert run_to_end(control.reload()) == ["good"]
    assert good.asked == 1
    control = AccessControl(Chains([], [bad, good]), {}, RecordingLog())
    with pytest.raises(CallerError, match="bad: line 3, column 7: what is this"):
        run_to_end(control.reload())
    assert good.asked == 2


def test_a_decision_is_explained() -> None:
    class Told(Link):
        def explain(self, *_about: Any) -> str:
            return "rule 7"

    control = AccessControl(
        Chains([], [*links(IGNORE), Told("rules", DENY), *links(ALLOW)]), {}, RecordingLog()
    )
    allowed, opinions = run_to_end(control.explain(NAMED, "publish", "a", 0, False))
    assert not allowed
    assert [(one.link, one.verdict, one.detail) for one in opinions] == [
        ("link 0", "no opinion", ""),
        ("rules", "deny", "rule 7"),
    ]
    control = AccessControl(Chains([], links(IGNORE), True, True), {}, RecordingLog())
    allowed, opinions = run_to_end(control.explain(NAMED, "subscribe", "$SYS/#", 0, False))
    assert (allowed, opinions[-1].link) == (False, "access.sys_topics")
