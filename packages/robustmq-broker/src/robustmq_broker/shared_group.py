"""[H] A shared subscription: one of its members gets each message, in turn."""

from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from robustmq_common.message import Message
    from robustmq_common.spi.services import Subscriber, Subscription


@final
class SharedGroup:
    """The members of one (group name, filter)."""

    def __init__(self) -> None:
        self.members: list[Subscription] = []
        self.turn = 0

    def add(self, subscription: "Subscription") -> None:
        """Add a member, or replace the subscription it already has."""
        members = self.members
        subscriber = subscription.subscriber
        for i in range(len(members)):
            if members[i].subscriber is subscriber:
                members[i] = subscription
                return
        members.append(subscription)

    def remove(self, subscriber: "Subscriber") -> bool:
        members = self.members
        for i in range(len(members)):
            if members[i].subscriber is subscriber:
                del members[i]
                if self.turn > i:
                    self.turn -= 1
                return True
        return False

    def of(self, subscriber: "Subscriber") -> "Subscription | None":
        """The subscription of a member, or None."""
        for member in self.members:
            if member.subscriber is subscriber:
                return member
        return None

    def stores(self) -> bool:
        """Whether any member may write a message to storage."""
        return any(member.stores() for member in self.members)

    def deliver(self, message: "Message") -> bool:
        """Give the message to the next member: round robin over those that are connected.

        With nobody connected it waits in the queue of the next member that keeps one.
        """
        return self.deliver_connected(message) or self.deliver_offline(message)

    def deliver_connected(self, message: "Message") -> bool:
        return self.offer(message, True)

    def deliver_offline(self, message: "Message") -> bool:
        return self.offer(message, False)

    def offer(self, message: "Message", connected: bool) -> bool:
        """Offer the message to each member once, from the one whose turn it is."""
        members = self.members
        start = self.turn
        if start >= len(members):
            if not members:
                return False
            start = 0
            self.turn = 0
        first = members[start]
        if first.available() == connected and first.deliver(message):
            self.turn = start + 1
            return True
        # A copy, because a member whose queue overflows may leave while it is asked.
        for member in members[start:] + members[:start]:
            if member is not first and member.available() == connected and member.deliver(message):
                self.pass_turn(member)
                return True
        return False

    def pass_turn(self, member: "Subscription") -> None:
        """The next message is for the member behind this one."""
        members = self.members
        for i in range(len(members)):
            if members[i] is member:
                self.turn = i + 1
                return
