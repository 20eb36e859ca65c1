"""The access control of the tests takes every turn it promises."""

import asyncio

import auth_for_tests
import pytest
from auth_for_tests import (
    METHOD,
    USERS,
    ChallengeForTests,
    TopicsForTests,
    UsersForTests,
    proof,
    respond,
)

from robustmq_common.plugins.contributions import contributions
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, ClientInfo, ExchangeStep


def client(username: str | None = None) -> ClientInfo:
    return ClientInfo("c", username, "127.0.0.1:1", "tcp", "mqtt")


def test_it_registers_all_three() -> None:
    assert contributions(auth_for_tests, "test_auth") == {
        "robustmq_authenticators": [("test-users", UsersForTests)],
        "robustmq_authorizers": [("test-topics", TopicsForTests)],
        "robustmq_enhanced_authenticators": [(METHOD, ChallengeForTests)],
    }


@pytest.mark.parametrize(
    ("username", "password", "verdict", "reason_code"),
    [
        ("alice", b"wonderland", ALLOW, 0),
        ("alice", b"builder", DENY, 0x86),
        ("alice", None, DENY, 0x86),
        ("mallory", b"", DENY, 0x8A),
        ("nobody", b"x", IGNORE, 0),
        (None, None, IGNORE, 0),
    ],
)
def test_users(
    username: str | None, password: bytes | None, verdict: int, reason_code: int
) -> None:
    result = asyncio.run(UsersForTests().authenticate(client(username), password))
    assert (result.verdict, result.reason_code) == (verdict, reason_code)


def test_root_is_a_superuser() -> None:
    root, alice = client("root"), client("alice")
    asyncio.run(UsersForTests().authenticate(root, b"toor"))
    asyncio.run(UsersForTests().authenticate(alice, b"wonderland"))
    assert (root.is_superuser, alice.is_superuser) == (True, False)


def test_topics() -> None:
    def verdicts(topic: str) -> tuple[int, int]:
        rules = TopicsForTests()
        return (
            rules.authorize(client(), "publish", topic, 0, False),
            rules.authorize(client(), "subscribe", topic, 0, False),
        )

    assert verdicts("free/a") == (ALLOW, ALLOW)
    assert verdicts("forbidden/a") == (DENY, DENY)
    assert verdicts("forbidden") == (DENY, DENY)
    assert verdicts("readonly/a") == (DENY, ALLOW)
    assert verdicts("undecided/a") == (IGNORE, IGNORE)


def converse(who: ClientInfo, reauthenticate: bool, user: bytes, password: bytes) -> ExchangeStep:
    """Answer every challenge with this password; returns how it ended."""

    async def conversation() -> ExchangeStep:
        exchange = ChallengeForTests().begin(who, reauthenticate)
        step = await exchange.step(user)
        rounds = 0
        challenge = b""
        while step.verdict == IGNORE:
            rounds += 1
            challenge = step.data or b""
            step = await exchange.step(respond(password, challenge))
        if step.verdict == ALLOW:
            assert rounds == 2
            assert step.data == proof(password, challenge)
        return step

    return asyncio.run(conversation())


def test_two_right_answers_let_in_and_say_who_it_is() -> None:
    who = client()
    assert converse(who, False, b"alice", USERS["alice"]).verdict == ALLOW
    assert who.username == "alice"


@pytest.mark.parametrize(
    ("user", "reason_code"),
    [(b"alice", 0x87), (b"nobody", 0x87), (b"", 0x87), (b"\xff", 0x87), (b"mallory", 0x8A)],
)
def test_who_does_not_come_in(user: bytes, reason_code: int) -> None:
    who = client()
    step = converse(who, False, user, b"guess")
    assert (step.verdict, step.reason_code) == (DENY, reason_code)
    assert who.username is None


def test_authenticating_again_only_as_oneself() -> None:
    assert converse(client("alice"), True, b"alice", USERS["alice"]).verdict == ALLOW
    step = converse(client("bob"), True, b"alice", USERS["alice"])
    assert (step.verdict, step.reason) == (DENY, "somebody else")


def test_failures_of_its_own() -> None:
    with pytest.raises(RuntimeError, match="on fire"):
        asyncio.run(UsersForTests().authenticate(client("broken"), b""))
    with pytest.raises(RuntimeError, match="on fire"):
        asyncio.run(ChallengeForTests().begin(client(), False).step(b"broken"))
    with pytest.raises(RuntimeError, match="on fire"):
        TopicsForTests().authorize(client(), "publish", "broken/a", 0, False)
