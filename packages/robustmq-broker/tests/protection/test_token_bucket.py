"""Never more than rate * time + capacity, and nobody starves."""

from hypothesis import given
from hypothesis import strategies as st

from robustmq_broker.protection.token_bucket import Claim, TokenBucket
from robustmq_common.testing import FakeTimers

AMOUNTS = st.integers(1, 30)


def bucket_of(
    timers: FakeTimers, amount: float = 10, seconds: float = 1.0, burst: float = 0
) -> TokenBucket:
    return TokenBucket(amount, seconds, burst, timers.clock, timers)


class Sender:
    """Sends messages of one size as fast as its claim allows, as a connection does."""

    def __init__(self, bucket: TokenBucket, size: float, most: int = 1_000_000) -> None:
        self.claim = Claim(bucket)
        self.size = size
        self.most = most
        self.sent = 0

    def go_on(self) -> None:
        while self.sent < self.most:
            if not self.claim.covers(self.size):
                self.claim.wait(self.go_on)
                return
            self.claim.credit -= self.size
            self.sent += 1


@given(
    st.integers(1, 50),
    st.floats(0.1, 10.0),
    st.integers(0, 20),
    st.lists(st.tuples(st.floats(0.0, 3.0), AMOUNTS), max_size=40),
)
def test_no_more_than_the_rate_and_the_burst(
    amount: int, seconds: float, burst: int, asked: list[tuple[float, int]]
) -> None:
    timers = FakeTimers()
    bucket = bucket_of(timers, amount, seconds, burst)
    begin = timers.clock.monotonic
    taken = 0.0
    for pause, wanted in asked:
        timers.clock.advance(pause)
        if bucket.take(wanted):
            before = taken
            taken += wanted
            allowed = (timers.clock.monotonic - begin) * amount / seconds + amount + burst
            # What is larger than the capacity goes through a full bucket, alone.
            assert taken <= allowed + 1e-6 or (
                wanted > amount + burst and before <= allowed - amount - burst + 1e-6
            )


def test_the_burst_is_there_at_once_and_comes_back() -> None:
    timers = FakeTimers()
    bucket = bucket_of(timers, amount=10, seconds=2.0, burst=5)
    assert [bucket.take(1.0) for _ in range(16)] == [True] * 15 + [False]
    timers.clock.advance(1.0)
    assert [bucket.take(1.0) for _ in range(6)] == [True] * 5 + [False]
    timers.clock.advance(1000.0)
    assert bucket.is_full()
    assert bucket.tokens == bucket.capacity == 15


def test_what_is_larger_than_the_capacity_is_owed() -> None:
    timers = FakeTimers()
    bucket = bucket_of(timers)
    assert bucket.take(30.0)
    timers.clock.advance(1.9)
    assert not bucket.take(1.0)
    timers.clock.advance(0.3)
    assert bucket.take(1.0)


@given(st.lists(AMOUNTS, min_size=1, max_size=12), st.integers(1, 40), st.integers(0, 20))
def test_nobody_starves_and_the_rate_is_used(sizes: list[int], amount: int, burst: int) -> None:
    timers = FakeTimers()
    bucket = bucket_of(timers, amount, 1.0, burst)
    senders = [Sender(bucket, size) for size in sizes]
    for sender in senders:
        sender.go_on()
    seconds = 60.0
    timers.advance(seconds)
    spent = sum(sender.sent * sender.size for sender in senders)
    assert spent <= seconds * amount + amount + burst + max(sizes)
    # Within two rounds of the slowest, everyone has been served.
    if seconds * amount >= 2 * sum(max(size, 1) for size in sizes):
        assert all(sender.sent for sender in senders)
        assert spent >= 0.8 * seconds * amount - max(sizes)
    assert timers.pending() <= 1


def test_equal_senders_get_equal_shares() -> None:
    timers = FakeTimers()
    bucket = bucket_of(timers, amount=1000)
    senders = [Sender(bucket, 1.0) for _ in range(7)]
    for sender in senders:
        sender.go_on()
    timers.advance(20.0)
    counts = [sender.sent for sender in senders[1:]]  # the first one had the full bucket
    assert max(counts) - min(counts) <= 0.1 * max(counts)
    assert sum(counts) >= 0.8 * 20 * 1000 * 6 / 7


def test_a_newcomer_does_not_overtake() -> None:
    timers = FakeTimers()
    bucket = bucket_of(timers)
    assert bucket.take(10.0)
    waiting = Sender(bucket, 8.0, most=1)
    waiting.go_on()
    timers.clock.advance(0.5)
    newcomer = Sender(bucket, 1.0, most=1)
    newcomer.go_on()
    assert newcomer.sent == 0
    timers.advance(0.4)
    assert (waiting.sent, newcomer.sent) == (1, 0)
    timers.advance(0.2)
    assert newcomer.sent == 1


def test_who_leaves_gives_back_and_holds_up_nobody() -> None:
    timers = FakeTimers()
    bucket = bucket_of(timers)
    claim = Claim(bucket)
    assert claim.covers(7.0)
    first, second = Sender(bucket, 10.0, most=1), Sender(bucket, 3.0, most=1)
    first.go_on()
    second.go_on()
    assert timers.pending() == 1
    first.claim.close()
    claim.close()
    assert claim.credit == 0.0
    timers.advance(0.1)
    assert (first.sent, second.sent) == (0, 1)
    last = Sender(bucket, 10.0)
    last.go_on()
    last.claim.close()
    assert timers.pending() == 0


def test_asking_again_keeps_the_place() -> None:
    timers = FakeTimers()
    bucket = bucket_of(timers)
    assert bucket.take(10.0)
    first, second = Sender(bucket, 5.0, most=1), Sender(bucket, 5.0, most=1)
    first.go_on()
    second.go_on()
    first.go_on()
    timers.advance(0.6)
    assert (first.sent, second.sent) == (1, 0)
