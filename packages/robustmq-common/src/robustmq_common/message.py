"""[H] The one message model that all protocols share.

A protocol pack may publish any object with these attributes (its own parsed packet, say, with the
caches its fan-out wants); a subscriber of another protocol reads only these. `Record` is the plain
implementation for packs that have nothing better, and what comes back from storage.
"""

from typing import Final, Protocol, final

NEVER: Final = 0
"""`expires_at` of a message that does not expire."""


class Message(Protocol):
    """What every published message offers, whichever protocol it came in by."""

    @property
    def topic(self) -> str: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def qos(self) -> int:
        """Delivery promise asked for by the publisher: 0 at most, 1 at least, 2 exactly once."""

    @property
    def retain(self) -> bool: ...
    @property
    def key(self) -> bytes | None:
        """Partitioning and compaction key; None where the protocol has none."""

    @property
    def headers(self) -> list[tuple[str, str]] | None:
        """User properties in order; duplicates are kept."""

    @property
    def payload_format(self) -> int | None:
        """1 if the publisher says that the payload is UTF-8 text, 0 for bytes; None: not said."""

    @property
    def content_type(self) -> str | None:
        """What the payload is, such as a media type."""

    @property
    def response_topic(self) -> str | None:
        """Where the publisher wants an answer."""

    @property
    def correlation_data(self) -> bytes | None:
        """What an answer has to carry for the publisher to know which request it is for."""

    @property
    def timestamp(self) -> float:
        """When the broker received it: seconds since the epoch."""

    @property
    def expires_at(self) -> float:
        """When it expires, seconds since the epoch; `NEVER` if it does not."""

    @property
    def publisher(self) -> str:
        """Client id of whoever published it; empty for the broker itself."""

    @property
    def tenant(self) -> str: ...


@final
class Record:
    """The plain `Message`."""

    def __init__(
        self,
        topic: str,
        payload: bytes,
        qos: int = 0,
        retain: bool = False,
        key: bytes | None = None,
        headers: list[tuple[str, str]] | None = None,
        timestamp: float = 0.0,
        expires_at: float = 0.0,
        publisher: str = "",
        tenant: str = "",
        payload_format: int | None = None,
        content_type: str | None = None,
        response_topic: str | None = None,
        correlation_data: bytes | None = None,
    ) -> None:
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.key = key
        self.headers = headers
        self.timestamp = timestamp
        self.expires_at = expires_at
        self.publisher = publisher
        self.tenant = tenant
        self.payload_format = payload_format
        self.content_type = content_type
        self.response_topic = response_topic
        self.correlation_data = correlation_data
