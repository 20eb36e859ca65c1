"""The delivery queue against collections.deque."""

from collections import deque

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from robustmq_mqtt.codec.publish import new_publish
from robustmq_mqtt.delivery import Delivery
from robustmq_mqtt.fifo import DeliveryQueue


def delivery(qos: int) -> Delivery:
    return Delivery(new_publish("a", b""), qos, False, None, "")


class Queues(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.queue = DeliveryQueue()
        self.model: deque[Delivery] = deque()

    @rule(qos=st.integers(0, 2), count=st.integers(1, 60))
    def append(self, qos: int, count: int) -> None:
        for _ in range(count):
            one = delivery(qos)
            self.queue.append(one)
            self.model.append(one)

    @precondition(lambda self: self.model)
    @rule(count=st.integers(1, 60))
    def pop(self, count: int) -> None:
        for _ in range(min(count, len(self.model))):
            assert self.queue.pop() is self.model.popleft()

    @rule()
    def drop_first_qos0(self) -> None:
        expected = next((one for one in self.model if one.qos == 0), None)
        assert self.queue.drop_first_qos0() is expected
        if expected is not None:
            self.model.remove(expected)

    @rule()
    def clear(self) -> None:
        self.queue.clear()
        self.model.clear()

    @invariant()
    def same(self) -> None:
        assert self.queue.size() == len(self.queue) == len(self.model)
        assert all(a is b for a, b in zip(self.queue.to_list(), self.model, strict=True))

    @invariant()
    def bounded(self) -> None:
        # What was taken out is let go of, sooner or later.
        assert len(self.queue.items) <= 2 * len(self.model) + 100


TestQueues = Queues.TestCase
TestQueues.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)


def test_an_empty_queue_has_no_first() -> None:
    queue = DeliveryQueue()
    with pytest.raises(IndexError):
        queue.pop()
    assert queue.drop_first_qos0() is None
    assert queue.to_list() == []
