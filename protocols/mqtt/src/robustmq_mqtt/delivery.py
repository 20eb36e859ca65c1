"""[H] One message on its way to one subscriber."""

from typing import TYPE_CHECKING, Final, final

from mypy_extensions import mypyc_attr

if TYPE_CHECKING:
    from robustmq_mqtt.codec.publish import Publish

QUEUED: Final = 0
"""Not sent yet."""
SENT: Final = 1
"""PUBLISH sent; PUBACK (QoS 1) or PUBREC (QoS 2) is awaited."""
RELEASED: Final = 2
"""PUBREL sent; PUBCOMP is awaited."""


@final
@mypyc_attr(acyclic=True)
class Delivery:
    """A queued or in-flight message of one session.

    `offset` is where the session's log has it, -1 if nowhere; `body_id` is the number of the body
    that is stored for several sessions, 0 if it is stored with this delivery; `done` and `marked`
    belong to the log. `shared` is the filter with its "$share/group/" if it came by a shared
    subscription, else empty. `in_window` says whether it was sent on the present connection, and so
    counts against the client's Receive Maximum.
    """

    state: int = QUEUED
    packet_id: int = 0
    offset: int = -1
    body_id: int = 0
    done: bool = False
    marked: bool = False
    in_window: bool = False

    def __init__(
        self,
        message: "Publish",
        qos: int,
        retain: bool,
        identifiers: list[int] | None,
        shared: str,
    ) -> None:
        self.message = message
        self.qos = qos
        self.retain = retain
        self.identifiers = identifiers
        self.shared = shared
