"""[P] Close frames, and what clients may not say in them (RFC 6455 sections 5.5.1 and 7.4)."""

from typing import Final

from robustmq_broker.listeners.websocket.frames import (
    CLOSE,
    CONTROL_MAX,
    INVALID_DATA,
    NORMAL,
    PROTOCOL_ERROR,
    frame,
)

_RESERVED: Final = (1004, 1005, 1006)


def close_frame(code: int, reason: str = "") -> bytes:
    """A Close frame; a reason that is too long is cut at a character."""
    text = reason.encode()[: CONTROL_MAX - 2].decode(errors="ignore").encode()
    return frame(CLOSE, code.to_bytes(2, "big") + text)


def answer_to_close(payload: bytes) -> bytes:
    """The Close frame that answers a client's: its code, or what is wrong with it."""
    if not payload:
        return close_frame(NORMAL)
    if len(payload) == 1:
        return close_frame(PROTOCOL_ERROR, "a close code has two bytes")
    code = int.from_bytes(payload[:2], "big")
    if not (1000 <= code <= 1014 or 3000 <= code <= 4999) or code in _RESERVED:
        return close_frame(PROTOCOL_ERROR, f"{code} may not be sent as a close code")
    try:
        payload[2:].decode()
    except UnicodeDecodeError:
        return close_frame(INVALID_DATA, "a reason that is not UTF-8")
    return close_frame(code)
