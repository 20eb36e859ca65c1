"""[H] Decoded packets: one class per control packet, with the specification's field names.

PUBLISH has a module of its own (`publish`); PINGREQ and PINGRESP have no fields, so their frames
are constants. `properties` is None in MQTT 3.x, and in MQTT 5 when the packet has none.
"""

from typing import ClassVar, Final, final

from robustmq_mqtt.codec.properties import Properties, describe
from robustmq_mqtt.codec.wire import V3

PINGREQ_FRAME: Final = b"\xc0\x00"
PINGRESP_FRAME: Final = b"\xd0\x00"

PROTOCOL_NAME_V3: Final = "MQIsdp"
PROTOCOL_NAME: Final = "MQTT"


class Packet:  # noqa: PLW1641 - fields may change, so it has no hash
    """What all packets share: equality by field, and a text form that shows no secrets."""

    FIELDS: ClassVar[tuple[str, ...]] = ()

    def fields(self) -> dict[str, object]:
        """Every field by name."""
        return {name: getattr(self, name) for name in self.FIELDS}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Packet) or type(other) is not type(self):
            return False
        return self.fields() == other.fields()

    def __repr__(self) -> str:
        shown = [f"{name}={describe(value)}" for name, value in self.fields().items()]
        return f"{type(self).__name__}({', '.join(shown)})"


@final
class Will(Packet):
    """The message a server publishes for a client that is gone."""

    FIELDS: ClassVar[tuple[str, ...]] = ("topic", "payload", "qos", "retain", "properties")

    def __init__(
        self,
        topic: str,
        payload: bytes,
        qos: int = 0,
        retain: bool = False,
        properties: Properties | None = None,
    ) -> None:
        self.topic = topic
        self.payload = payload
        self.qos = qos
        self.retain = retain
        self.properties = properties


@final
class Connect(Packet):
    """CONNECT. `keep_alive` is in seconds, 0 for none.

    `clean_start` is Clean Session in MQTT 3.x. `is_bridge` is the top bit of the protocol level,
    which bridges set in 3.1 and 3.1.1 to ask for messages as another broker wants them.
    """

    FIELDS: ClassVar[tuple[str, ...]] = (
        *("protocol_name", "version", "client_id", "clean_start", "keep_alive", "username"),
        *("password", "will", "properties", "is_bridge"),
    )

    def __init__(
        self,
        version: int,
        client_id: str,
        clean_start: bool = True,
        keep_alive: int = 0,
        username: str | None = None,
        password: bytes | None = None,
        will: Will | None = None,
        properties: Properties | None = None,
        is_bridge: bool = False,
    ) -> None:
        self.protocol_name = PROTOCOL_NAME_V3 if version == V3 else PROTOCOL_NAME
        self.version = version
        self.client_id = client_id
        self.clean_start = clean_start
        self.keep_alive = keep_alive
        self.username = username
        self.password = password
        self.will = will
        self.properties = properties
        self.is_bridge = is_bridge


@final
class Connack(Packet):
    """CONNACK. `reason_code` of a decoded 3.x packet is its return code, 0..5."""

    FIELDS: ClassVar[tuple[str, ...]] = ("session_present", "reason_code", "properties")

    def __init__(
        self, session_present: bool, reason_code: int, properties: Properties | None = None
    ) -> None:
        self.session_present = session_present
        self.reason_code = reason_code
        self.properties = properties


@final
class Ack(Packet):
    """PUBACK, PUBREC, PUBREL or PUBCOMP, as `packet_type` says."""

    FIELDS: ClassVar[tuple[str, ...]] = ("packet_type", "packet_id", "reason_code", "properties")

    def __init__(
        self,
        packet_type: int,
        packet_id: int,
        reason_code: int = 0,
        properties: Properties | None = None,
    ) -> None:
        self.packet_type = packet_type
        self.packet_id = packet_id
        self.reason_code = reason_code
        self.properties = properties


@final
class TopicSubscription(Packet):
    """One filter of a SUBSCRIBE with its options; in MQTT 3.x only `qos` is one.

    `retain_handling`: 0 sends retained messages, 1 only for a new subscription, 2 never.
    """

    FIELDS: ClassVar[tuple[str, ...]] = (
        *("topic_filter", "qos", "no_local", "retain_as_published", "retain_handling"),
    )

    def __init__(
        self,
        topic_filter: str,
        qos: int = 0,
        no_local: bool = False,
        retain_as_published: bool = False,
        retain_handling: int = 0,
    ) -> None:
        self.topic_filter = topic_filter
        self.qos = qos
        self.no_local = no_local
        self.retain_as_published = retain_as_published
        self.retain_handling = retain_handling


@final
class Subscribe(Packet):
    """SUBSCRIBE with at least one subscription."""

    FIELDS: ClassVar[tuple[str, ...]] = ("packet_id", "subscriptions", "properties")

    def __init__(
        self,
        packet_id: int,
        subscriptions: list[TopicSubscription],
        properties: Properties | None = None,
    ) -> None:
        self.packet_id = packet_id
        self.subscriptions = subscriptions
        self.properties = properties


@final
class Suback(Packet):
    """SUBACK: one reason code per subscription, in their order."""

    FIELDS: ClassVar[tuple[str, ...]] = ("packet_id", "reason_codes", "properties")

    def __init__(
        self, packet_id: int, reason_codes: list[int], properties: Properties | None = None
    ) -> None:
        self.packet_id = packet_id
        self.reason_codes = reason_codes
        self.properties = properties


@final
class Unsubscribe(Packet):
    """UNSUBSCRIBE with at least one topic filter."""

    FIELDS: ClassVar[tuple[str, ...]] = ("packet_id", "topic_filters", "properties")

    def __init__(
        self, packet_id: int, topic_filters: list[str], properties: Properties | None = None
    ) -> None:
        self.packet_id = packet_id
        self.topic_filters = topic_filters
        self.properties = properties


@final
class Unsuback(Packet):
    """UNSUBACK: one reason code per filter, in their order; none in MQTT 3.x."""

    FIELDS: ClassVar[tuple[str, ...]] = ("packet_id", "reason_codes", "properties")

    def __init__(
        self, packet_id: int, reason_codes: list[int], properties: Properties | None = None
    ) -> None:
        self.packet_id = packet_id
        self.reason_codes = reason_codes
        self.properties = properties


@final
class Disconnect(Packet):
    """DISCONNECT; in MQTT 3.x always with reason code 0."""

    FIELDS: ClassVar[tuple[str, ...]] = ("reason_code", "properties")

    def __init__(self, reason_code: int = 0, properties: Properties | None = None) -> None:
        self.reason_code = reason_code
        self.properties = properties


@final
class Auth(Packet):
    """AUTH, MQTT 5 only."""

    FIELDS: ClassVar[tuple[str, ...]] = ("reason_code", "properties")

    def __init__(self, reason_code: int = 0, properties: Properties | None = None) -> None:
        self.reason_code = reason_code
        self.properties = properties


@final
class Ping(Packet):
    """PINGREQ or PINGRESP, as `packet_type` says; only `decode_packet` makes one."""

    FIELDS: ClassVar[tuple[str, ...]] = ("packet_type",)

    def __init__(self, packet_type: int) -> None:
        self.packet_type = packet_type
