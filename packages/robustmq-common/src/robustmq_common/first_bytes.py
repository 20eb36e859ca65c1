"""[H] What a connection that speaks the wrong protocol speaks, by its first bytes.

For the log: "unsupported packet" helps nobody whose load balancer checks the wrong port.
"""

from typing import Final

_HTTP: Final = (b"GET ", b"POST ", b"HEAD ", b"PUT ", b"OPTIONS ", b"CONNECT ", b"PRI * HTTP/2")
_PROXY_V2: Final = b"\r\n\r\n\x00\r\nQUIT\n"


def describe_first_bytes(data: bytes) -> str:
    """Complete the sentence "expected ..., but"."""
    return recognise(data) or "it begins with the bytes " + data[:8].hex(" ")


def recognise(data: bytes) -> str:
    """The same, or "" for what is not known."""
    if data[:2] == b"\x16\x03":
        return "this is a TLS ClientHello"
    if data.startswith(_HTTP):
        return "this is an HTTP request"
    if data.startswith((b"PROXY ", _PROXY_V2)):
        return "this is a PROXY protocol header"
    if data[:1] == b"\x10" and (b"MQTT" in data[:16] or b"MQIsdp" in data[:16]):
        return "this is an MQTT CONNECT without TLS or PROXY header"
    if data.startswith(b"SSH-"):
        return "this is SSH"
    return ""
