"""[P] Bytes in JSON."""

import base64
from typing import Any

from robustmq_common.spi.storage import StoredRecord


def to_text(data: bytes) -> str:
    """Base64, as JSON has no bytes."""
    return base64.b64encode(data).decode("ascii")


def record_fields(record: StoredRecord) -> dict[str, Any]:
    """A record as an object; key (null for none) and value in base64."""
    return {
        "offset": record.offset,
        "timestamp": record.timestamp,
        "expires_at": record.expires_at,
        "key": None if record.key is None else to_text(record.key),
        "value": to_text(record.value),
    }
