"""[P] permessage-deflate (RFC 7692): what was agreed on, and what we send by it."""

import zlib
from typing import Final

from robustmq_broker.listeners.websocket.frames import FLUSHED, frame_head

_COMPRESSED_BINARY: Final = 0x80 | 0x40 | 2
_LEVEL: Final = 6
_MEMORY: Final = 5
"""zlib's memLevel: an eighth of the memory of the default, for a few percent more to send."""


class Deflate:
    """One connection's compression.

    keep_client_context, keep_server_context: whether messages refer to earlier ones, per direction.
    client_window, server_window: how far back, as a power of two.
    """

    __slots__ = (
        "_compressor",
        "client_window",
        "keep_client_context",
        "keep_server_context",
        "server_window",
    )

    def __init__(
        self,
        *,
        keep_client_context: bool,
        keep_server_context: bool,
        client_window: int = 15,
        server_window: int = 15,
    ) -> None:
        self.keep_client_context = keep_client_context
        self.keep_server_context = keep_server_context
        self.client_window = client_window
        self.server_window = server_window
        self._compressor: zlib._Compress | None = None

    def inflater(self) -> "zlib._Decompress":
        return zlib.decompressobj(-self.client_window)

    def frame(self, data: bytes) -> bytes:
        """A binary frame with these bytes, compressed."""
        compressor = self._compressor
        if compressor is None:
            compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, -self.server_window, _MEMORY)
            if self.keep_server_context:
                self._compressor = compressor
        packed = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
        packed = packed.removesuffix(FLUSHED)
        return frame_head(_COMPRESSED_BINARY, len(packed)) + packed
