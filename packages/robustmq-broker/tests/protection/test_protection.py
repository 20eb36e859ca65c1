"""The guard, asked as services ask it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from protection_kit import Guarded, client

from robustmq_broker.protection.ban import Ban
from robustmq_broker.protection.protection_config import (
    AttemptsConfig,
    BansConfig,
    FlappingConfig,
    LimitsConfig,
    OverloadConfig,
    UserLimits,
)
from robustmq_common.spi.access import ALLOW, DENY, AuthResult

WRONG = AuthResult(DENY, 0x86, "wrong password")
LOST = 0x80


def answer(result: AuthResult) -> Callable[[Callable[[AuthResult], None]], None]:
    """A chain that has an answer at once."""
    return lambda done: done(result)


def tell(one: Guarded, who: Any, result: AuthResult) -> list[AuthResult]:
    """What a client has been told so far; it grows as time passes."""
    told: list[AuthResult] = []
    one.guard.authenticate(who, answer(result), told.append)
    return told


def test_who_is_banned_is_not_even_asked_for_a_password() -> None:
    one = Guarded()
    one.ban(Ban("clientid", "bad"), Ban("username", "mallory"), Ban("peerhost_net", "10.0.0.0/8"))
    told: list[AuthResult] = []
    for who in (client("bad"), client("c", "mallory"), client("c", None, "10.9.9.9:1")):
        one.guard.authenticate(who, lambda _: None, told.append)
        assert told.pop().reason_code == 0x8A
        refused = one.guard.admit(who)
        assert refused is not None
        assert refused.reason_code == 0x8A
    assert one.guard.admit(client("c")) is None
    assert one.metric("connections.refused.banned") == 6


def test_a_banned_address_is_closed_when_it_is_accepted() -> None:
    one = Guarded()
    one.ban(Ban("peerhost", "192.0.2.1", until=one.services.clock.wall + 10))
    assert one.guard.gate("tcp", "192.0.2.1:5") == ("banned", "banned: peerhost 192.0.2.1")
    assert one.guard.gate("tcp", "[::ffff:192.0.2.1]:5") is not None
    assert one.guard.gate("tcp", "192.0.2.2:5") is None
    one.services.timers.advance(10)
    assert one.guard.gate("tcp", "192.0.2.1:5") is None
    assert one.guard.bans.table.count == 0  # swept


def test_a_name_that_an_authenticator_gave_is_looked_at_again() -> None:
    one = Guarded()
    one.ban(Ban("username", "root"))
    who = client("c", "alias")
    assert tell(one, who, AuthResult(ALLOW))[0].verdict == ALLOW
    who.username = "root"
    assert one.guard.admit(who) is not None


def test_flapping_clients_are_banned_for_a_time() -> None:
    one = Guarded(flapping=FlappingConfig(enabled=True, max_count=3, ban_time=60.0))
    for _ in range(3):
        assert one.guard.admit(client("flap")) is None
        one.guard.left(client("flap"), LOST)
    refused = one.guard.admit(client("flap"))
    assert refused is not None
    assert refused.reason_code == 0x8A
    (ban,) = one.guard.bans.table
    assert (ban.kind, ban.value, ban.reason) == ("clientid", "flap", "flapping")
    assert one.written(), "it is stored as well"
    assert one.log.has("warning", "flapping client banned")
    one.services.timers.advance(61)
    assert one.guard.admit(client("flap")) is None


def test_flapping_clients_leave_room_for_the_bans_of_operators() -> None:
    one = Guarded(flapping=FlappingConfig(enabled=True, max_count=2), bans=BansConfig(max_bans=10))
    for n in range(20):
        for _ in range(2):
            one.guard.left(client(f"c{n}"), LOST)
    assert one.guard.bans.table.count == 9
    assert one.log.has("warning", "flapping client not banned")


def test_shutdowns_and_kicks_ban_nobody() -> None:
    one = Guarded(flapping=FlappingConfig(enabled=True, max_count=2))
    for code in (0x8B, 0x98, 0x97, 0x00):
        for _ in range(5):
            one.guard.left(client("c"), code)
    assert one.guard.bans.table.count == 0


def test_limits_of_users_are_told_with_their_codes() -> None:
    one = Guarded(limits=LimitsConfig(user=UserLimits(max_connections=1)))
    first = client("1")
    assert one.guard.admit(first) is None
    refused = one.guard.admit(client("2"))
    assert refused is not None
    assert refused.reason_code == 0x97
    assert one.metric("connections.refused.user_connections") == 1
    one.guard.left(first, 0)
    assert one.guard.admit(client("2")) is None


def test_overload_refuses_those_who_are_new() -> None:
    one = Guarded(overload=OverloadConfig(enabled=True, high=1.0, cooldown=2.0))
    one.services.timers.advance(1.0)
    assert tell(one, client("c"), AuthResult(ALLOW))[0].verdict == ALLOW
    one.stall(1.5)
    (told,) = tell(one, client("c"), AuthResult(ALLOW))
    assert told.reason_code == 0x89
    assert one.guard.gate("secure", "192.0.2.1:5") is not None
    assert one.guard.gate("tcp", "192.0.2.1:5") is None  # it is told why
    assert one.metric("overload.active") == 1
    assert one.log.has("warning", "overloaded")
    one.services.timers.advance(3.0)
    assert tell(one, client("c"), AuthResult(ALLOW))[0].verdict == ALLOW
    assert one.log.has("info", "overload is over")
    assert one.metric("overload.active") == 0


def test_without_overload_protection_nothing_is_measured() -> None:
    one = Guarded()
    one.stall(100.0)
    assert tell(one, client("c"), AuthResult(ALLOW))[0].verdict == ALLOW


def test_failures_are_told_later_and_later() -> None:
    one = Guarded(attempts=AttemptsConfig(free=2))
    for _ in range(2):
        assert tell(one, client("c"), WRONG) == [WRONG]
    for delay in (0.1, 0.2, 0.4):
        told = tell(one, client("c"), WRONG)
        assert told == []
        one.services.timers.advance(delay * 0.9)
        assert told == []
        one.services.timers.advance(delay * 0.2)
        assert told == [WRONG]
    # The right password is told at once.
    assert tell(one, client("c"), AuthResult(ALLOW))[0].verdict == ALLOW
    assert tell(one, client("c"), WRONG) == [WRONG]
    assert one.metric("authentication.delayed") == 3


def test_too_many_that_wait_are_refused_without_a_look() -> None:
    one = Guarded(attempts=AttemptsConfig(free=1, max_waiting=2))
    for _ in range(3):
        tell(one, client("c"), WRONG)
    asked: list[Any] = []
    told: list[AuthResult] = []
    one.guard.authenticate(client("c"), asked.append, told.append)
    assert asked == []
    assert told[0].reason_code == 0x9F
    one.guard.authenticate(client("c", "u", "192.0.2.77:1"), asked.append, told.append)
    assert len(asked) == 1  # another address


def test_an_outage_is_not_a_wrong_password() -> None:
    one = Guarded(attempts=AttemptsConfig(free=1))
    for code in (0x88, 0x89, 0x80):
        down = AuthResult(DENY, code, "authentication is not available")
        for _ in range(5):
            assert tell(one, client("c"), down) == [down]


def test_a_million_wrong_passwords_take_bounded_memory() -> None:
    one = Guarded(attempts=AttemptsConfig(free=1, max_waiting=5, max_records=1000))
    told = 0

    def count(_: AuthResult) -> None:
        nonlocal told
        told += 1

    ask = answer(WRONG)
    for n in range(1_000_000):
        # A thousand addresses of one network, and each has its own user name.
        who = client("c", f"user{n}", f"10.{n % 5}.{n // 5 % 40}.{n // 200 % 250}:1")
        one.guard.authenticate(who, ask, count)
        if n % 10_000 == 0:
            one.services.timers.advance(1.0)
    attempts = one.guard._attempts
    assert attempts is not None
    assert len(attempts) <= 2000
    one.services.timers.advance(60.0)
    assert told == 1_000_000
    assert one.services.timers.pending() <= 2


def test_no_attempts_are_counted_if_that_is_configured() -> None:
    one = Guarded(attempts=AttemptsConfig(enabled=False))
    for _ in range(100):
        assert tell(one, client("c"), WRONG) == [WRONG]
    assert one.guard.attempt(client("c")) is None


def test_a_stored_ban_that_is_damaged_is_logged() -> None:
    one = Guarded(stored={b"clientid\0c": b"?"})
    assert one.log.has("error", "a stored ban has no effect")
    assert one.guard.admit(client("c")) is None


def test_an_answer_that_comes_later_is_judged_then() -> None:
    one = Guarded(attempts=AttemptsConfig(free=1))
    waiting: list[Callable[[AuthResult], None]] = []
    told: list[AuthResult] = []
    for _ in range(2):
        one.guard.authenticate(client("c"), waiting.append, told.append)
    for done in waiting:
        partial(done, WRONG)()
    assert len(told) == 1
    one.services.timers.advance(0.2)
    assert len(told) == 2
