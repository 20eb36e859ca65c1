"""[H] A first-in first-out queue of deliveries: a list and the index of its first element.

Most sessions never queue anything, and share one list that stays empty.
"""

from typing import TYPE_CHECKING, Final, final

from mypy_extensions import mypyc_attr

if TYPE_CHECKING:
    from robustmq_mqtt.delivery import Delivery


NOTHING: "Final[list[Delivery | None]]" = []
"""The items of a queue that has none."""


@final
@mypyc_attr(acyclic=True)
class DeliveryQueue:
    """Append at the end, pop at the front, both in constant time on average."""

    def __init__(self) -> None:
        self.items = NOTHING
        self.first = 0

    def __len__(self) -> int:
        return len(self.items) - self.first

    def size(self) -> int:
        return len(self.items) - self.first

    def append(self, delivery: "Delivery") -> None:
        if self.items is NOTHING:
            self.items = []
        self.items.append(delivery)

    def pop(self) -> "Delivery":
        """The oldest; the queue must not be empty."""
        delivery = self.items[self.first]
        assert delivery is not None
        self.items[self.first] = None
        self.first += 1
        if self.first > 32 and self.first * 2 > len(self.items):
            del self.items[: self.first]
            self.first = 0
        return delivery

    def front(self) -> "Delivery":
        """The oldest, which stays; the queue must not be empty."""
        delivery = self.items[self.first]
        assert delivery is not None
        return delivery

    def drop_first_qos0(self) -> "Delivery | None":
        """Take out the oldest QoS 0 delivery, if there is one."""
        for i in range(self.first, len(self.items)):
            delivery = self.items[i]
            if delivery is not None and delivery.qos == 0:
                del self.items[i]
                return delivery
        return None

    def to_list(self) -> "list[Delivery]":
        return [delivery for delivery in self.items if delivery is not None]

    def clear(self) -> None:
        self.items = NOTHING
        self.first = 0
