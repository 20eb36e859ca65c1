"""Strangers are checked like users: the same kinds of hashes in the same shares."""

from collections import Counter

from robustmq_broker.access.hashing.decoys import Decoys
from robustmq_broker.access.hashing.forms import kind_of
from robustmq_broker.access.hashing.verification import Argon2Cost

QUICK = "$sha256$prefix$c2FsdA$" + "A" * 43
SLOW = "$argon2id$v=19$m=64,t=1,p=1$" + "A" * 22 + "$" + "A" * 43


def test_without_users_it_is_what_new_ones_will_have() -> None:
    decoys = Decoys(b"secret", Argon2Cost(1024, 3, 2))
    assert kind_of(str(decoys.choose("x"))) == "$argon2id$v=19$m=1024,t=3,p=2"


def test_kinds_come_as_often_as_users_have_them_and_always_the_same_for_a_name() -> None:
    decoys = Decoys(b"secret", Argon2Cost(1024, 3, 2))
    for _ in range(3):
        decoys.add(SLOW)
    decoys.add(QUICK)
    names = [f"user {number}" for number in range(2000)]
    drawn = Counter(kind_of(str(decoys.choose(name))) for name in names)
    assert set(drawn) == {kind_of(QUICK), kind_of(SLOW)}
    assert 350 < drawn[kind_of(QUICK)] < 650
    assert all(decoys.choose(name) == decoys.choose(name) for name in names[:50])
    other = Decoys(b"another", Argon2Cost(1024, 3, 2))
    for text in (SLOW, SLOW, SLOW, QUICK):
        other.add(text)
    assert [other.choose(name) for name in names] != [decoys.choose(name) for name in names]


def test_kinds_that_are_gone_are_not_drawn() -> None:
    decoys = Decoys(b"secret", Argon2Cost(1024, 3, 2))
    decoys.add(QUICK)
    decoys.add(SLOW)
    decoys.remove(QUICK)
    kinds = {kind_of(str(decoys.choose(f"user {number}"))) for number in range(100)}
    assert kinds == {kind_of(SLOW)}
