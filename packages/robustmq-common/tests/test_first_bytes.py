"""The first bytes of strangers."""

import pytest

from robustmq_common.first_bytes import describe_first_bytes


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x16\x03\x01\x02\x00\x01", "this is a TLS ClientHello"),
        (b"GET / HTTP/1.1\r\n\r\n", "this is an HTTP request"),
        (b"PRI * HTTP/2.0\r\n", "this is an HTTP request"),
        (b"PROXY TCP4 1.2.3.4", "this is a PROXY protocol header"),
        (b"\r\n\r\n\x00\r\nQUIT\n\x21", "this is a PROXY protocol header"),
        (
            b"\x10\x10\x00\x04MQTT\x05\x02\x00\x3c",
            "this is an MQTT CONNECT without TLS or PROXY header",
        ),
        (
            b"\x10\x10\x00\x06MQIsdp\x03",
            "this is an MQTT CONNECT without TLS or PROXY header",
        ),
        (b"SSH-2.0-OpenSSH", "this is SSH"),
        (b"\x00\x01\xff", "it begins with the bytes 00 01 ff"),
        (b"abcdefghijkl", "it begins with the bytes 61 62 63 64 65 66 67 68"),
    ],
)
def test_what_it_is_is_said(data: bytes, said: str) -> None:
    assert describe_first_bytes(data) == said
