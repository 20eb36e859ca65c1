import pytest

from robustmq_broker.protection.flapping import Flapping

LOST, TAKEN_OVER, PROTOCOL_ERROR, KEEP_ALIVE = 0x80, 0x8E, 0x82, 0x8D


def test_so_many_within_the_window_are_too_many() -> None:
    flapping = Flapping(3, 10.0, False)
    assert not flapping.ended("c", LOST, 0.0)
    assert not flapping.ended("c", TAKEN_OVER, 4.0)
    assert not flapping.ended("d", LOST, 5.0)
    assert flapping.ended("c", KEEP_ALIVE, 10.0)
    # It is banned now: what comes after that is counted anew.
    assert not flapping.ended("c", LOST, 10.0)


def test_so_many_in_a_longer_time_are_not() -> None:
    flapping = Flapping(3, 10.0, False)
    assert not any(flapping.ended("c", PROTOCOL_ERROR, 5.1 * n) for n in range(100))


@pytest.mark.parametrize("code", [0x87, 0x89, 0x8A, 0x8B, 0x97, 0x98, 0x9F])
def test_what_the_broker_ends_is_not_the_client_s(code: int) -> None:
    flapping = Flapping(2, 10.0, True)
    assert not any(flapping.ended("c", code, 0.0) for _ in range(5))
    assert len(flapping) == 0


@pytest.mark.parametrize("counted", [True, False])
def test_a_goodbye_counts_if_configured(counted: bool) -> None:
    flapping = Flapping(2, 10.0, counted)
    flapping.ended("c", 0x00, 0.0)
    assert flapping.ended("c", 0x04, 0.0) is counted


def test_memory_is_bounded() -> None:
    flapping = Flapping(2, 10.0, False, clients_max=100)
    assert not any(flapping.ended(f"c{n}", LOST, 0.0) for n in range(10_000))
    assert len(flapping) == 100
    assert flapping.ended("c9999", LOST, 1.0)
    assert not flapping.ended("c0", LOST, 1.0)
