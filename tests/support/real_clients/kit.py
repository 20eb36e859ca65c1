"""What a real client has to offer to run the scenarios."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from real_clients.lines import DEADLINE

V31: Final = 3
V311: Final = 4
V5: Final = 5
VERSION_NAMES: Final = {V31: "mqttv31", V311: "mqttv311", V5: "mqttv5"}

SESSION_SECONDS: Final = 300
"""Session Expiry Interval of 5.0 clients that ask for a session which outlives the connection."""

T = TypeVar("T")


@dataclass(frozen=True)
class Properties:
    """The properties of a 5.0 message that every client can send and show."""

    user: tuple[tuple[str, str], ...] = ()
    content_type: str | None = None
    response_topic: str | None = None
    correlation_data: bytes | None = None
    message_expiry: int | None = None


@dataclass(frozen=True)
class Message:
    """A message as a client got it."""

    topic: str
    payload: bytes
    qos: int
    retain: bool
    properties: Properties = field(default=Properties(), compare=False)


@dataclass(frozen=True)
class Will:
    """The will of a client; `delay` in seconds is for 5.0 only."""

    topic: str
    payload: bytes = b"gone"
    qos: int = 0
    retain: bool = False
    delay: int = 0


class Subscriber(ABC):
    """A client that is connected and subscribed; it collects what it gets."""

    session_present: bool | None
    """None if the client does not tell."""

    @abstractmethod
    def messages(self, count: int, deadline: float = DEADLINE) -> list[Message]:
        """All messages so far, once there are `count`."""

    @abstractmethod
    def ended(self) -> int | None:
        """Wait until the server ends the connection; its reason code, None if it gave none."""

    @abstractmethod
    def leave(self) -> None:
        """Send DISCONNECT; returns when the connection is closed."""


class WillHolder(ABC):
    """A connected client with a will, in a process of its own."""

    @abstractmethod
    def kill(self) -> None:
        """End the process with SIGKILL, so that no DISCONNECT is sent."""

    @abstractmethod
    def leave(self) -> None:
        """Send DISCONNECT; returns when the process has ended."""


class Kit(ABC):
    """One kind of client, for the server at `address`; `close` ends all that it made."""

    versions: Sequence[int] = (V31, V311, V5)

    def __init__(self, address: tuple[str, int]) -> None:
        self.address = address

    @abstractmethod
    def subscriber(
        self,
        version: int,
        *filters: str,
        qos: int = 2,
        client_id: str | None = None,
        session: bool = False,
    ) -> Subscriber:
        """A subscriber; with `session` it resumes its session and leaves one behind."""

    @abstractmethod
    def publish(
        self,
        version: int,
        topic: str,
        *payloads: bytes,
        qos: int = 0,
        retain: bool = False,
        properties: Properties | None = None,
    ) -> None:
        """Publish one after another over one connection; returns when all are acknowledged."""

    @abstractmethod
    def will_holder(self, version: int, will: Will) -> WillHolder:
        """A connected client with a will."""

    @abstractmethod
    def close(self) -> None:
        """End all clients."""


class Collected:
    """What callbacks on other threads have seen, to be waited for."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.changed = threading.Condition()

    def add(self, message: Message) -> None:
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def notify(self) -> None:
        """Something else changed that a condition may ask for."""
        with self.changed:
            self.changed.notify_all()

    def wait_for(
        self, condition: Callable[[], T | None], what: str, deadline: float = DEADLINE
    ) -> T:
        """The first truthy result of `condition`, which is tried again after every change."""
        end = time.monotonic() + deadline
        with self.changed:
            while True:
                result = condition()
                if result:
                    return result
                left = end - time.monotonic()
                if left <= 0:
                    break
                self.changed.wait(left)
        last = self.messages[-3:]
        raise AssertionError(
            f"waited {deadline:g} s for {what}; there are {len(self.messages)} messages, "
            f"the last of them {last}"
        )

    def wait_for_messages(self, count: int, deadline: float) -> list[Message]:
        self.wait_for(lambda: len(self.messages) >= count, f"{count} messages", deadline)
        with self.changed:
            return list(self.messages)
