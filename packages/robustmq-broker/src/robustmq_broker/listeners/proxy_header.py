"""[P] Headers of the PROXY protocol, versions 1 and 2, as HAProxy's proxy-protocol.txt has them.

`read_header` is given what has come so far and says how much of it is the header, once it is all
there. What a header claims is believed by whoever trusts the proxy; here it is only read.
"""

import ipaddress
import struct
from typing import Final, NamedTuple

from robustmq_common.config.quantities import format_address
from robustmq_common.errors import PeerError

SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"
V1_MAX: Final = 107
"""Section 2.1: the longest line, with its CRLF."""
V2_MAX: Final = 16 + 4096
"""Ours: addresses take 216 bytes at most, and what TLVs say fits in the rest."""
UNIX: Final = "unix"

_CRC32C: Final = 0x03
_LOCAL: Final = 0x0
_PROXY: Final = 0x1
_ADDRESS_BYTES: Final = {0x0: 0, 0x1: 12, 0x2: 36, 0x3: 216}


class Header(NamedTuple):
    """size: bytes of the header. peer: "host:port", or "" if it says nothing of the client."""

    size: int
    peer: str


def read_header(data: bytes) -> Header | None:
    """The header that `data` begins with; None if more has to come.

    Raises PeerError if it is none.
    """
    if data.startswith(SIGNATURE[: len(data)]) and len(data) <= len(SIGNATURE):
        return None
    if data.startswith(SIGNATURE):
        return _version_2(data)
    if data[:6] == b"PROXY "[: len(data)]:
        return _version_1(data)
    raise PeerError("there is no PROXY header")


def _version_1(data: bytes) -> Header | None:
    end = data.find(b"\r\n", 0, V1_MAX)
    if end < 0:
        if len(data) >= V1_MAX:
            raise PeerError(f"the line of the PROXY header is longer than {V1_MAX} bytes")
        return None
    size = end + 2
    try:
        parts = data[:end].decode("ascii").split(" ")
    except UnicodeDecodeError:
        raise PeerError("the PROXY header is not ASCII") from None
    if parts[1] == "UNKNOWN":
        return Header(size, "")
    if len(parts) != 6 or parts[1] not in {"TCP4", "TCP6"}:
        raise PeerError('expected "PROXY TCP4|TCP6 SOURCE DESTINATION PORT PORT"')
    kind = ipaddress.IPv4Address if parts[1] == "TCP4" else ipaddress.IPv6Address
    try:
        source, _ = kind(parts[2]), kind(parts[3])
    except ValueError:
        raise PeerError(f"the PROXY header has an address that is none of {parts[1]}") from None
    ports = [_port(text) for text in parts[4:]]
    return Header(size, format_address(str(source), ports[0]))


def _port(text: str) -> int:
    # `isdigit` alone takes digits of all scripts, but this is ASCII already.
    if not text.isdigit() or len(text) > 5 or int(text) > 65_535:
        raise PeerError("the PROXY header has a port that is none")
    return int(text)


def _version_2(data: bytes) -> Header | None:
    if len(data) < 16:
        return None
    version_command, family, length = struct.unpack_from(">BBH", data, 12)
    if version_command >> 4 != 2:
        raise PeerError(f"version {version_command >> 4} of the PROXY header is not known")
    command = version_command & 0xF
    if command not in {_LOCAL, _PROXY}:
        raise PeerError(f"command {command} of the PROXY header is not known")
    size = 16 + length
    if size > V2_MAX:
        raise PeerError(f"the PROXY header is longer than {V2_MAX} bytes")
    if len(data) < size:
        return None
    address_bytes = _ADDRESS_BYTES.get(family >> 4)
    if address_bytes is None or family & 0xF > 2:
        raise PeerError(f"family 0x{family:02x} of the PROXY header is not known")
    if length < address_bytes:
        raise PeerError("the PROXY header is too short for its addresses")
    _check_tlvs(data[:size], 16 + address_bytes)
    if command == _LOCAL:
        # The proxy's own, such as a health check: the connection's address is the peer's.
        return Header(size, "")
    return Header(size, _source(data, family))


def _source(data: bytes, family: int) -> str:
    if family == 0x11:
        port = struct.unpack_from(">H", data, 24)[0]
        return format_address(str(ipaddress.IPv4Address(data[16:20])), port)
    if family == 0x21:
        port = struct.unpack_from(">H", data, 48)[0]
        return format_address(str(ipaddress.IPv6Address(data[16:32])), port)
    if family == 0x31:
        return UNIX
    return ""


def _check_tlvs(header: bytes, at: int) -> None:
    """Walk the type-length-values, of which only the checksum means something to us.

    The client's certificate (PP2_TYPE_SSL) is the proxy's word, not what we have verified.
    """
    end = len(header)
    while at < end:
        if at + 3 > end:
            raise PeerError("a TLV of the PROXY header is cut short")
        kind, length = struct.unpack_from(">BH", header, at)
        value = at + 3
        at = value + length
        if at > end:
            raise PeerError("a TLV of the PROXY header is longer than the header")
        if kind == _CRC32C:
            if length != 4:
                raise PeerError("the checksum of the PROXY header has not four bytes")
            told = struct.unpack_from(">I", header, value)[0]
            # Section 2.2.3: over the whole header, with zeros in place of the checksum.
            if crc32c(header[:value] + bytes(4) + header[at:]) != told:
                raise PeerError("the checksum of the PROXY header is wrong")


def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE: Final = _table()


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli), as RFC 4960 appendix B defines it."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF
