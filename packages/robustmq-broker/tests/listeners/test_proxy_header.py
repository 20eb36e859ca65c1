"""PROXY headers of both versions, whole and byte by byte."""

import socket
import struct

import pytest

from robustmq_broker.listeners.proxy_header import (
    SIGNATURE,
    V1_MAX,
    Header,
    crc32c,
    read_header,
)
from robustmq_common.errors import PeerError

IP4 = socket.inet_aton("192.0.2.1") + socket.inet_aton("192.0.2.2") + struct.pack(">HH", 5, 1883)
IP6 = (
    socket.inet_pton(socket.AF_INET6, "2001:db8::1")
    + socket.inet_pton(socket.AF_INET6, "2001:db8::2")
    + struct.pack(">HH", 65_535, 1883)
)


def v2(family: int, body: bytes, command: int = 0x21) -> bytes:
    return SIGNATURE + struct.pack(">BBH", command, family, len(body)) + body


def tlv(kind: int, value: bytes) -> bytes:
    return struct.pack(">BH", kind, len(value)) + value


def with_checksum(body: bytes) -> bytes:
    header = v2(0x11, body + tlv(0x03, bytes(4)))
    return header[:-4] + struct.pack(">I", crc32c(header))


GOOD = [
    (b"PROXY TCP4 192.0.2.1 192.0.2.2 5 1883\r\n", "192.0.2.1:5"),
    (b"PROXY TCP6 2001:db8::1 2001:db8::2 65535 1883\r\n", "[2001:db8::1]:65535"),
    (b"PROXY UNKNOWN\r\n", ""),
    (b"PROXY UNKNOWN ffff::1 whatever 1 2\r\n", ""),
    (v2(0x11, IP4), "192.0.2.1:5"),
    (v2(0x21, IP6), "[2001:db8::1]:65535"),
    (v2(0x31, bytes(216)), "unix"),
    (v2(0x00, b""), ""),
    (v2(0x12, IP4), ""),
    (v2(0x11, IP4, command=0x20), ""),
    (v2(0x00, b"", command=0x20), ""),
    (v2(0x11, IP4 + tlv(0x20, b"\x01\0\0\0\0" + tlv(0x22, b"cn"))), "192.0.2.1:5"),
    (v2(0x11, IP4 + tlv(0x04, bytes(9))), "192.0.2.1:5"),
    (with_checksum(IP4), "192.0.2.1:5"),
]
BAD = [
    (b"\x10\x10\x00\x04MQTT", "no PROXY header"),
    (b"PROXX", "no PROXY header"),
    (b"PROXY \r\n", "expected"),
    (b"PROXY TCP4 192.0.2.1 192.0.2.2 5\r\n", "expected"),
    (b"PROXY TCP4 192.0.2.1 192.0.2.2 5 1883 9\r\n", "expected"),
    (b"PROXY TCP4  192.0.2.1 192.0.2.2 5\r\n", "none of TCP4"),
    (b"PROXY UDP4 192.0.2.1 192.0.2.2 5 1883\r\n", "expected"),
    (b"PROXY TCP4 2001:db8::1 192.0.2.2 5 1883\r\n", "none of TCP4"),
    (b"PROXY TCP6 192.0.2.1 ::1 5 1883\r\n", "none of TCP6"),
    (b"PROXY TCP4 192.0.2.1 192.0.2.2 65536 1883\r\n", "port"),
    (b"PROXY TCP4 192.0.2.1 192.0.2.2 -5 1883\r\n", "port"),
    (b"PROXY TCP4 192.0.2.1 192.0.2.2 5 x\r\n", "port"),
    ("PROXY TCP4 192.0.2.1 192.0.2.2 \u0665 1883\r\n".encode(), "not ASCII"),
    (b"PROXY TCP4 " + b"1" * V1_MAX, "longer than"),
    (v2(0x11, IP4, command=0x11), "version 1"),
    (v2(0x11, IP4, command=0x22), "command 2"),
    (v2(0x41, IP4), "family 0x41"),
    (v2(0x13, IP4), "family 0x13"),
    (v2(0x11, IP4[:-1]), "too short"),
    (v2(0x21, IP4), "too short"),
    (v2(0x11, IP4 + b"\x04\x00"), "cut short"),
    (v2(0x11, IP4 + b"\x04\x00\x05abc"), "longer than the header"),
    (v2(0x11, IP4 + tlv(0x03, bytes(4))), "checksum of the PROXY header is wrong"),
    (v2(0x11, IP4 + tlv(0x03, bytes(3))), "four bytes"),
    (SIGNATURE + b"\x21\x11\xff\xff", "longer than"),
]


@pytest.mark.parametrize(("header", "peer"), GOOD)
def test_headers_byte_by_byte(header: bytes, peer: str) -> None:
    for end in range(1, len(header)):
        assert read_header(header[:end]) is None
    assert read_header(header) == Header(len(header), peer)
    assert read_header(header + b"\x10\x00PROXY") == Header(len(header), peer)


@pytest.mark.parametrize(("data", "reason"), BAD)
def test_what_is_none(data: bytes, reason: str) -> None:
    with pytest.raises(PeerError, match=reason):
        read_header(data)


def test_the_checksum_is_castagnolis() -> None:
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"") == 0
