from robustmq_broker.protection.protection_config import ClientLimits, UserLimits
from robustmq_broker.protection.scopes import Scopes
from robustmq_common.testing import FakeTimers


def scopes(limits: ClientLimits, timers: FakeTimers, idle_max: int = 100) -> Scopes:
    return Scopes(limits, timers.clock, timers, idle_max=idle_max)


def test_a_scope_has_what_is_configured() -> None:
    timers = FakeTimers()
    limits = UserLimits(messages_rate="10/s", bytes_rate="1MB/10s", bytes_burst=5)
    scope = scopes(limits, timers).get("u")
    assert scope.messages is not None
    assert scope.sizes is not None
    assert (scope.messages.capacity, scope.messages.rate) == (10, 10)
    assert (scope.sizes.capacity, scope.sizes.rate) == (2**20 + 5, 2**20 / 10)
    assert (scope.connects, scope.subscriptions) == (None, None)
    shared = Scopes(UserLimits(max_subscriptions=3), timers.clock, timers, True).get("u")
    assert shared.subscriptions is not None
    assert shared.subscriptions.limit == 3


def test_to_come_back_brings_no_new_tokens() -> None:
    timers = FakeTimers()
    users = scopes(UserLimits(messages_rate="10/10s"), timers)
    users.joined("u")
    first = users.get("u").messages
    assert first is not None
    assert first.take(10.0)
    users.left("u")
    again = users.get("u").messages
    assert again is not None
    assert not again.take(2.0)


def test_scopes_that_are_full_again_are_forgotten() -> None:
    timers = FakeTimers()
    users = scopes(UserLimits(messages_rate="10/s"), timers)
    users.joined("u")
    bucket = users.get("u").messages
    assert bucket is not None
    assert bucket.take(10.0)
    users.left("u")
    assert len(users) == 1
    timers.clock.advance(1.0)
    users.joined("v")
    users.left("v")
    assert len(users) == 0


def test_only_so_many_are_kept_without_a_connection() -> None:
    timers = FakeTimers()
    users = scopes(UserLimits(connect_rate="2/1d"), timers, idle_max=100)
    for n in range(1000):
        bucket = users.get(f"u{n}").connects
        assert bucket is not None
        assert bucket.take(1.0)
        users.touched(f"u{n}")
    assert len(users) <= 100
    users.joined("u0")
    for n in range(1000):
        users.joined(f"w{n}")
        users.left(f"w{n}")
    assert users.get("u0").connections == 1
