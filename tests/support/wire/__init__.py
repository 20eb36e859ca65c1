"""MQTT on the wire, for tests: builds any bytes, right or wrong, and reads what a server answers.

Written from the specification and independent of `robustmq_mqtt`, so that a mistake in the broker's
codec cannot hide behind the same mistake here.

- `wire.encode`   bytes of packets, every field of which may be wrong
- `wire.packets`  strict reader of the packets a server sends, and what it makes of them
- `wire.prop`     property identifiers and their encodings
- `wire.code`     packet types, protocol levels and reason codes
- `wire.client`   a blocking client with a deadline on every wait; `wire.clients` makes many
"""

from wire import code, encode, prop
from wire.client import Filter, WireClient, unique_id, unique_topic
from wire.clients import Clients, lasting_properties, levels
from wire.connection import Closed, WireConnection
from wire.encode import Will
from wire.packets import (
    Auth,
    Connack,
    Disconnect,
    Packet,
    Pingresp,
    Puback,
    Pubcomp,
    Publish,
    Pubrec,
    Pubrel,
    Suback,
    Unsuback,
    WireError,
)

__all__ = [
    "Auth",
    "Clients",
    "Closed",
    "Connack",
    "Disconnect",
    "Filter",
    "Packet",
    "Pingresp",
    "Puback",
    "Pubcomp",
    "Publish",
    "Pubrec",
    "Pubrel",
    "Suback",
    "Unsuback",
    "Will",
    "WireClient",
    "WireConnection",
    "WireError",
    "code",
    "encode",
    "lasting_properties",
    "levels",
    "prop",
    "unique_id",
    "unique_topic",
]
