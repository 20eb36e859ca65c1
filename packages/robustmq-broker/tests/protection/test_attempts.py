from robustmq_broker.protection.attempts import Attempts


def attempts(max_waiting: int = 3, max_records: int = 1000) -> Attempts:
    return Attempts(5, 60.0, 0.1, 10.0, max_waiting, max_records)


def test_the_delay_doubles_after_the_free_ones() -> None:
    one = attempts()
    key = one.key("192.0.2.1", "u")
    delays = []
    for _ in range(15):
        delays.append(one.failed(key, 0.0))
        one.released(key)
    assert delays == [0.0] * 5 + [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0, 10.0]


def test_others_are_not_touched() -> None:
    one = attempts()
    for _ in range(50):
        one.failed(one.key("192.0.2.1", "u"), 0.0)
    other = one.key("192.0.2.2", "u")
    assert one.may_try(other)
    assert one.failed(other, 0.0) == 0.0


def test_neighbours_of_an_ipv6_network_are_one() -> None:
    one = attempts()
    assert one.key("2001:db8::1", "u") == one.key("2001:db8::2:3", "v")
    assert one.key("2001:db8:0:1::1", "u") != one.key("2001:db8::1", "u")


def test_only_so_many_wait() -> None:
    one = attempts(max_waiting=2)
    key = one.key("192.0.2.1", "u")
    for _ in range(5):
        assert one.failed(key, 0.0) == 0.0
    for _ in range(2):
        assert one.may_try(key)
        assert one.failed(key, 0.0) > 0.0
    assert not one.may_try(key)
    # One that was begun before the others failed is answered, and waits for nobody.
    assert one.failed(key, 0.0) == 0.0
    one.released(key)
    assert one.may_try(key)
    one.released(key)
    one.released(key)
    assert one.failed(key, 0.0) > 0.0


def test_a_quiet_time_and_a_success_reset() -> None:
    one = attempts()
    key = one.key("192.0.2.1", "u")
    for now in (0.0, 60.1):
        for _ in range(5):
            assert one.failed(key, now) == 0.0
        assert one.failed(key, now) > 0.0
    one.succeeded(key, "u")
    assert one.failed(key, 61.0) == 0.0


def test_who_has_come_in_before_is_not_locked_out_by_a_neighbour() -> None:
    one = attempts(max_waiting=1)
    one.succeeded(one.key("192.0.2.1", "good"), "good")
    for _ in range(20):
        one.failed(one.key("192.0.2.1", "root"), 0.0)
    assert not one.may_try(one.key("192.0.2.1", "root"))
    assert one.may_try(one.key("192.0.2.1", "good"))
    # A guesser that uses this name has a count like any other.
    for _ in range(6):
        one.failed(one.key("192.0.2.1", "good"), 0.0)
    assert not one.may_try(one.key("192.0.2.1", "good"))


def test_a_user_s_successes_do_not_reset_those_of_its_address() -> None:
    one = attempts()
    one.succeeded(one.key("192.0.2.1", "mine"), "mine")
    for _ in range(6):
        one.failed(one.key("192.0.2.1", "root"), 0.0)
        one.succeeded(one.key("192.0.2.1", "mine"), "mine")
    assert one.failed(one.key("192.0.2.1", "root"), 0.0) == 0.2


def test_to_come_in_without_a_name_proves_nothing() -> None:
    one = attempts()
    for address, username in (("192.0.2.1", None), ("192.0.2.2", "")):
        key = one.key(address, username)
        for _ in range(5):
            one.failed(key, 0.0)
        one.succeeded(key, username)
        assert one.failed(key, 0.0) > 0.0
        assert one.key(address, username) == (address, "")


def test_memory_is_bounded() -> None:
    one = attempts(max_records=100)
    for n in range(5000):
        address = f"10.0.{n >> 8}.{n & 255}"
        one.failed(one.key(address, "u"), 0.0)
        one.succeeded(one.key(address, f"u{n}"), f"u{n}")
    assert len(one) == 200
    gone = one.key("10.0.0.0", "u")
    one.released(gone)
    assert one.may_try(gone)
