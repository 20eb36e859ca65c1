from itertools import chain

from hypothesis import given
from hypothesis import strategies as st

from robustmq_mqtt.client import receiver as module
from robustmq_mqtt.client.receiver import ANY_RUN, Received, Receiver
from robustmq_mqtt.client.stamp import MARK, TIME_MASK, source_of

RUN = 5
NOW = 2_000


def payload(number: int, publisher: int = 0, run: int = RUN, sent_at: int = NOW) -> bytes:
    source = source_of(run, publisher).to_bytes(4, "big")
    return MARK + source + number.to_bytes(4, "big") + sent_at.to_bytes(6, "big") + b"rest"


def take(receiver: Receiver, data: bytes, *, retained: bool = False, now: int = NOW) -> None:
    receiver.take(b"topic" + data, 5, 5 + len(data), retained, now)


def received(numbers: list[int], run: int = RUN, *, ordered: bool = True) -> Received:
    """What a subscriber says of these numbers."""
    all_of_it = Received(run, 1)
    receiver = Receiver(all_of_it, ordered)
    for number in numbers:
        take(receiver, payload(number))
    return all_of_it


def verdict(result: Received) -> tuple[int, int, int]:
    return result.missing, result.duplicates, result.out_of_order


def test_in_order_nothing_is_wrong() -> None:
    result = received(list(range(10)))
    assert verdict(result) == (0, 0, 0)
    assert (result.messages, result.unique(), result.bytes) == (10, 10, 10 * 20)
    assert (result.progress, result.take_touched(), result.take_touched()) == ([10], [0], [])


def test_gaps_repetitions_and_late_ones_are_told_apart() -> None:
    assert verdict(received([0, 3])) == (2, 0, 0)
    assert verdict(received([0, 0, 1])) == (0, 1, 0)
    assert verdict(received([0, 2, 1])) == (0, 0, 1)
    assert verdict(received([0, 2, 1, 1])) == (0, 1, 1)
    assert verdict(received([1])) == (1, 0, 0)


@given(st.lists(st.integers(0, 12), max_size=60))
def test_they_add_up_whatever_comes(numbers: list[int]) -> None:
    result = received(numbers)
    different = len(set(numbers))
    assert result.unique() == different
    assert result.duplicates == len(numbers) - different
    assert result.missing == (max(numbers) + 1 if numbers else 0) - different
    assert result.remembered == result.missing
    assert result.progress == [max(numbers) + 1 if numbers else 0]


def test_progress_goes_on_over_gaps() -> None:
    assert received([0, 9]).progress == [10]


def test_late_joiners_begin_with_what_comes_first() -> None:
    assert verdict(received([70, 71, 73], ANY_RUN)) == (1, 0, 0)


def test_each_publisher_has_its_numbers() -> None:
    all_of_it = Received(RUN, 3)
    receiver = Receiver(all_of_it)
    for number, publisher in chain.from_iterable(((n, 0), (n, 2)) for n in range(4)):
        take(receiver, payload(number, publisher))
    assert verdict(all_of_it) == (0, 0, 0)
    assert all_of_it.progress == [4, 0, 4]
    assert sorted(all_of_it.take_touched()) == [0, 2]


def test_subscribers_do_not_share_numbers() -> None:
    all_of_it = Received(RUN, 1)
    for receiver in (Receiver(all_of_it), Receiver(all_of_it)):
        take(receiver, payload(0))
    assert verdict(all_of_it) == (0, 0, 0)
    assert all_of_it.progress == [2]


def test_members_of_a_shared_subscription_have_gaps() -> None:
    result = received([3, 1, 1, 7], ordered=False)
    assert verdict(result) == (0, 0, 0)
    assert result.progress == [4]


def test_what_is_not_ours_is_counted_apart() -> None:
    all_of_it = Received(RUN, 1)
    receiver = Receiver(all_of_it)
    take(receiver, payload(9, run=RUN + 1))
    take(receiver, b"short")
    take(receiver, b"long enough, but of somebody else")
    take(receiver, payload(3), retained=True)
    take(receiver, payload(0))
    assert (all_of_it.foreign, all_of_it.unstamped, all_of_it.retained) == (1, 2, 1)
    assert (all_of_it.messages, all_of_it.unique()) == (5, 1)
    assert verdict(all_of_it) == (0, 0, 0)


def test_the_first_and_the_last_are_known() -> None:
    all_of_it = Received(RUN, 1)
    receiver = Receiver(all_of_it)
    for number in range(3):
        take(receiver, payload(number), now=NOW + number)
    assert (all_of_it.first, all_of_it.last) == (NOW, NOW + 2)


def test_latency_is_from_the_stamp_to_the_read() -> None:
    all_of_it = Received(RUN, 1)
    receiver = Receiver(all_of_it)
    take(receiver, payload(0, sent_at=NOW - 70))
    take(receiver, payload(1, sent_at=NOW - 50))
    assert all_of_it.latency.take().total == 120
    # A stamp has the lower six bytes of the time.
    take(receiver, payload(2, sent_at=TIME_MASK), now=(9 << 48) + TIME_MASK + 40)
    assert all_of_it.latency.take().maximum == 0
    take(receiver, payload(3, sent_at=10), now=(9 << 48) + 30)
    assert all_of_it.latency.take().maximum == 20


def test_a_publisher_that_is_none_of_the_run_has_no_progress() -> None:
    all_of_it = Received(RUN, 1)
    take(Receiver(all_of_it), payload(0, publisher=7))
    assert (all_of_it.progress, all_of_it.unique()) == ([0], 1)


def test_missing_numbers_are_remembered_within_limits() -> None:
    result = received([0xFFFF_FFFF, 5])
    assert result.missing == 0xFFFF_FFFF - 1
    assert result.remembered == module.MOST_MISSING - 1
    result = received([0xFFFF_FFFF, 0xFFFF_FFF0])
    assert (result.duplicates, result.out_of_order) == (1, 0)
