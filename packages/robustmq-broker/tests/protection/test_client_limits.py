from robustmq_broker.protection.client_limits import ClientLimits, Quota
from robustmq_broker.protection.token_bucket import TokenBucket
from robustmq_common.spi.limits import ClientLimits as Interface
from robustmq_common.testing import FakeTimers


def bucket(timers: FakeTimers, amount: float) -> TokenBucket:
    return TokenBucket(amount, 1.0, 0.0, timers.clock, timers)


def limits(
    messages: list[TokenBucket],
    sizes: list[TokenBucket],
    most: int = 0,
    quota: Quota | None = None,
    dropped: list[int] | None = None,
) -> ClientLimits:
    told = [] if dropped is None else dropped
    return ClientLimits(messages, sizes, False, most, 0, quota, lambda: told.append(1))


def test_it_is_what_packs_are_given() -> None:
    given: Interface = limits([], [])
    assert given.take(10**9)


def test_a_message_needs_a_token_of_each_bucket() -> None:
    timers = FakeTimers()
    few, many, small = bucket(timers, 2), bucket(timers, 100), bucket(timers, 1000)
    one = limits([few, many], [small])
    assert [one.take(10) for _ in range(3)] == [True, True, False]
    assert (few.tokens, small.tokens) == (0.0, 980.0)
    one.close()
    assert many.tokens == 98.0
    assert small.tokens == 980.0


def test_two_shared_buckets_do_not_lock_each_other() -> None:
    """Each is short now and then; whoever waits for one keeps what the other gave."""
    timers = FakeTimers()
    messages, sizes = bucket(timers, 20), bucket(timers, 1000)
    sent = {"large": 0, "small": 0}
    clients = {
        "large": (limits([messages], [sizes]), 300),
        "small": (limits([messages], [sizes]), 5),
    }

    def go_on(name: str) -> None:
        one, size = clients[name]
        while one.take(size):
            sent[name] += 1
        one.wait(lambda: go_on(name))

    for name in clients:
        go_on(name)
    timers.advance(30.0)
    assert sent["large"] > 15
    assert sent["small"] > 15
    assert sum(sent.values()) <= 20 * 31
    assert sent["large"] * 300 + sent["small"] * 5 <= 1000 * 31
    for one, _ in clients.values():
        one.close()
    assert timers.pending() == 0


def test_a_wait_without_a_refusal_is_none() -> None:
    limits([], []).wait(lambda: None)


def test_drops_are_counted() -> None:
    told: list[int] = []
    limits([], [], dropped=told).dropped()
    assert told == [1]


def test_subscriptions_of_a_client() -> None:
    one = limits([], [], most=2)
    assert one.grants_subscription(0)
    assert one.grants_subscription(1)
    assert not one.grants_subscription(2)


def test_subscriptions_that_clients_share() -> None:
    quota = Quota(3)
    one, other = limits([], [], quota=quota), limits([], [], quota=quota)
    one.subscribed(1)  # its session had one
    assert one.grants_subscription(1)
    assert other.grants_subscription(0)
    assert not other.grants_subscription(1)
    one.subscribed(1)  # one is given up
    assert other.grants_subscription(1)
    other.close()
    assert quota.used == 1
