"""[P] Who a client is that came through a reverse proxy: X-Forwarded-For and X-Forwarded-Port.

Anyone can send these headers, so they count only from proxies that are trusted, and of the
addresses in X-Forwarded-For the last one that is not a trusted proxy: what is left of it came from
the client.
"""

import ipaddress
from collections.abc import Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def trusted(peer: str, networks: Sequence[Network]) -> bool:
    """Whether "host:port" is an address of one of these networks."""
    try:
        host, _ = _split(peer)
    except ValueError:
        return False
    return _within(host, networks)


def forwarded_peer(
    peer: str, forwarded_for: Sequence[str], port: str | None, networks: Sequence[Network]
) -> str:
    """The peer "host:port" that a trusted proxy forwards; `peer` itself if it names none.

    The port is 0 if the proxy does not say it. Raises ValueError for what is no address.
    """
    entries = [entry.strip() for line in forwarded_for for entry in line.split(",")]
    for entry in reversed(entries):
        host, entry_port = _split(entry)
        if not _within(host, networks):
            return _format(host, entry_port or _port(port))
    return peer


def _within(host: Ip, networks: Sequence[Network]) -> bool:
    mapped = host.ipv4_mapped if isinstance(host, ipaddress.IPv6Address) else None
    return any((mapped or host) in network for network in networks)


def _split(entry: str) -> tuple[Ip, int]:
    """Address and port (0 if there is none) of "h", "h:1", "[h]" or "[h]:1"."""
    if entry.startswith("["):
        host, bracket, rest = entry[1:].partition("]")
        if not bracket or rest[:1] not in ("", ":"):
            raise ValueError(f"{entry[:60]!r} is not an address")
        return ipaddress.ip_address(host), _port(rest[1:] or None)
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return ipaddress.ip_address(host), _port(port)
    return ipaddress.ip_address(entry), 0


def _port(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) < 65_536):
        raise ValueError(f"{text[:20]!r} is not a port")
    return int(text)


def _format(host: Ip, port: int) -> str:
    return f"[{host}]:{port}" if host.version == 6 else f"{host}:{port}"
