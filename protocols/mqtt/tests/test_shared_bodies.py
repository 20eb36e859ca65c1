"""Bodies are counted down to nothing, and expire whoever waits for them."""

from robustmq_mqtt.shared_bodies import SharedBodies


def test_the_last_one_takes_it_away() -> None:
    bodies = SharedBodies()
    number = bodies.new(0.0)
    bodies.refer(number)
    bodies.refer(number)
    assert number in bodies
    assert [bodies.release(number) for _ in range(3)] == [False, True, False]
    assert number not in bodies
    assert bodies.new(0.0) == number + 1


def test_what_is_stored_already_is_not_given_again() -> None:
    bodies = SharedBodies()
    bodies.known(7, 0.0)
    bodies.known(3, 0.0)
    assert bodies.new(0.0) == 8
    bodies.refer(3)
    assert bodies.unused() == [7, 8]
    assert len(bodies) == 1


def test_expiry() -> None:
    bodies = SharedBodies()
    late, soon, never = bodies.new(20.0), bodies.new(10.0), bodies.new(0.0)
    for number in (late, soon, never):
        bodies.refer(number)
    assert bodies.next_expiry() == 10.0
    assert bodies.expired(9.9) == []
    assert bodies.expired(10.0) == [soon]
    assert not bodies.release(soon)
    bodies.refer(soon)
    assert soon not in bodies
    assert bodies.next_expiry() == 20.0
    assert bodies.release(late)
    assert bodies.release(never)
    assert bodies.next_expiry() == 0.0
