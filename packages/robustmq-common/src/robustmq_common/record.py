"""[H] Messages as bytes: what logs keep, whichever protocol a message came in by and goes out by.

    version (1), flags (1), timestamp (8), expires_at (8)
    length of topic (2), of publisher (2), of tenant (2), of the fields (4); these four; the payload

Numbers are big-endian, times are seconds since the epoch as float64, text is UTF-8. Fields are what
few messages have: each is its tag (1), its length (4) and its bytes, the user properties in their
order, name and value in turn. A reader passes over tags that it does not know, so that a later
version may add some without becoming unreadable for an earlier one.
"""

import struct
from typing import TYPE_CHECKING, Final

from robustmq_common.errors import StorageError
from robustmq_common.message import Record

if TYPE_CHECKING:
    from robustmq_common.message import Message

VERSION: Final = 1

QOS_BITS: Final = 0x03
RETAIN: Final = 0x04
FORMAT_KNOWN: Final = 0x08
FORMAT_TEXT: Final = 0x10

KEY: Final = 1
CONTENT_TYPE: Final = 2
RESPONSE_TOPIC: Final = 3
CORRELATION_DATA: Final = 4
HEADER_NAME: Final = 5
HEADER_VALUE: Final = 6

SHORT_TEXT_MAX: Final = 65_535

HEAD: Final = struct.Struct("!BBddHHHI")
FIELD: Final = struct.Struct("!BI")


def encode_record(message: "Message") -> bytes:
    """The bytes of a message.

    Raises ValueError if the topic, the publisher or the tenant takes more than 65,535 bytes.
    """
    topic = short_text("topic", message.topic)
    publisher = short_text("publisher", message.publisher)
    tenant = short_text("tenant", message.tenant)
    flags = message.qos & QOS_BITS
    if message.retain:
        flags |= RETAIN
    payload_format = message.payload_format
    if payload_format is not None:
        flags |= FORMAT_KNOWN | (FORMAT_TEXT if payload_format else 0)
    fields = encode_fields(message)
    head = HEAD.pack(
        VERSION,
        flags,
        message.timestamp,
        message.expires_at,
        len(topic),
        len(publisher),
        len(tenant),
        len(fields),
    )
    return b"".join([head, topic, publisher, tenant, fields, message.payload])


def decode_record(data: bytes) -> Record:
    """The message that `encode_record` made these bytes of.

    Raises StorageError if they are damaged, or of a version that is not known here.
    """
    version = data[0] if data else 0
    if version != VERSION:
        raise StorageError(
            f"a stored message has the format of version {version}, this is version {VERSION}: "
            "it is damaged, or a newer RobustMQ wrote it"
        )
    try:
        return decode_checked(data)
    except (struct.error, UnicodeDecodeError) as error:
        raise StorageError(f"a stored message of {len(data)} bytes is damaged: {error}") from error


def short_text(name: str, text: str) -> bytes:
    encoded = text.encode()
    if len(encoded) > SHORT_TEXT_MAX:
        raise ValueError(f"the {name} of a message takes {len(encoded)} bytes, 65,535 is the most")
    return encoded


def encode_fields(message: "Message") -> bytes:
    parts: list[bytes] = []
    key = message.key
    if key is not None:
        add_field(parts, KEY, key)
    content_type = message.content_type
    if content_type is not None:
        add_field(parts, CONTENT_TYPE, content_type.encode())
    response_topic = message.response_topic
    if response_topic is not None:
        add_field(parts, RESPONSE_TOPIC, response_topic.encode())
    correlation_data = message.correlation_data
    if correlation_data is not None:
        add_field(parts, CORRELATION_DATA, correlation_data)
    headers = message.headers
    if headers:
        for name, value in headers:
            add_field(parts, HEADER_NAME, name.encode())
            add_field(parts, HEADER_VALUE, value.encode())
    return b"".join(parts) if parts else b""


def add_field(parts: list[bytes], tag: int, value: bytes) -> None:
    parts.append(FIELD.pack(tag, len(value)))
    parts.append(value)


def decode_checked(data: bytes) -> Record:
    """Decode; raises struct.error, UnicodeDecodeError or StorageError for what is damaged."""
    head: tuple[int, int, float, float, int, int, int, int] = HEAD.unpack_from(data)
    _, flags, timestamp, expires_at, topic_size, publisher_size, tenant_size, fields_size = head
    publisher_at = HEAD.size + topic_size
    tenant_at = publisher_at + publisher_size
    fields_at = tenant_at + tenant_size
    payload_at = fields_at + fields_size
    if payload_at > len(data):
        raise StorageError(
            f"a stored message of {len(data)} bytes is damaged: its head says {payload_at} or more"
        )
    record = Record(
        data[HEAD.size : publisher_at].decode(),
        data[payload_at:],
        flags & QOS_BITS,
        flags & RETAIN != 0,
        timestamp=timestamp,
        expires_at=expires_at,
        publisher=data[publisher_at:tenant_at].decode(),
        tenant=data[tenant_at:fields_at].decode(),
    )
    if flags & FORMAT_KNOWN:
        record.payload_format = 1 if flags & FORMAT_TEXT else 0
    if fields_size:
        decode_fields(record, data, fields_at, payload_at)
    return record


def decode_fields(record: Record, data: bytes, at: int, end: int) -> None:
    headers: list[tuple[str, str]] = []
    name = ""
    while at < end:
        field: tuple[int, int] = FIELD.unpack_from(data, at)
        tag, size = field
        at += FIELD.size + size
        if at > end:
            raise StorageError(
                f"a stored message of {len(data)} bytes is damaged: field {tag} is cut off"
            )
        value = data[at - size : at]
        if tag == KEY:
            record.key = value
        elif tag == CONTENT_TYPE:
            record.content_type = value.decode()
        elif tag == RESPONSE_TOPIC:
            record.response_topic = value.decode()
        elif tag == CORRELATION_DATA:
            record.correlation_data = value
        elif tag == HEADER_NAME:
            name = value.decode()
        elif tag == HEADER_VALUE:
            headers.append((name, value.decode()))
    if headers:
        record.headers = headers
