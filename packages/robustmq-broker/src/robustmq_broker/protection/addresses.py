"""[P] Addresses of peers, in the one form that they are compared in."""

import ipaddress
from typing import Final

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SITE_BITS: Final = 64
"""Of an IPv6 address, what one subscriber is given (RFC 6177): the rest is theirs to choose."""
_MAPPED: Final = ipaddress.IPv6Network("::ffff:0:0/96")


def parse_ip(text: str) -> IP | None:
    """The address, without a zone; None for what is none, such as "unix".

    An IPv4 address that an IPv6 socket shows as "::ffff:192.0.2.1" is the IPv4 address.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def parse_network(text: str) -> Network:
    """The network of a CIDR notation, host bits cleared. Raises ValueError."""
    network = ipaddress.ip_network(text, strict=False)
    if isinstance(network, ipaddress.IPv6Network) and network.subnet_of(_MAPPED):
        mapped = network.network_address.ipv4_mapped
        return ipaddress.ip_network((str(mapped), network.prefixlen - 96))
    return network


def site(text: str) -> str:
    """Who an address is held to be: an IPv4 address, an IPv6 network of 64 bits, or the text."""
    address = parse_ip(text)
    if isinstance(address, ipaddress.IPv6Address):
        host_bits = 128 - SITE_BITS
        return f"{ipaddress.IPv6Address(int(address) >> host_bits << host_bits)}/{SITE_BITS}"
    return text if address is None else str(address)
