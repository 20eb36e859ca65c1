"""[P] The clients that a rule is about: by name, pattern, address, certificate or listener.

What is not known of a client, or too long for a pattern, is uncertain; see `rule`.
"""

import ipaddress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from robustmq_broker.access.rules.rule import NO, UNCERTAIN, UNKNOWN, YES, Who
from robustmq_common.spi.access import ClientInfo

SUBJECT_MAX: Final = 1024
"""Characters of a name that a regular expression is matched against, at most."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Expression(Protocol):
    """A compiled regular expression, of google-re2."""

    def fullmatch(self, text: str, /) -> Any: ...


@dataclass(frozen=True, slots=True)
class User:
    """Clients with a user name. only_user: what `RuleList` files the rule under."""

    only_user: str

    def matches(self, client: ClientInfo) -> int:
        return YES if client.username == self.only_user else NO


@dataclass(frozen=True, slots=True)
class Client:
    """The client with an identifier."""

    only_client: str

    def matches(self, client: ClientInfo) -> int:
        return YES if client.client_id == self.only_client else NO


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Clients without a user name."""

    def matches(self, client: ClientInfo) -> int:
        return YES if client.username is None else NO


@dataclass(frozen=True, slots=True)
class UserPattern:
    """Clients whose whole user name matches a regular expression."""

    expression: Expression

    def matches(self, client: ClientInfo) -> int:
        return _matches(self.expression, client.username)


@dataclass(frozen=True, slots=True)
class ClientPattern:
    """Clients whose whole identifier matches a regular expression."""

    expression: Expression

    def matches(self, client: ClientInfo) -> int:
        return _matches(self.expression, client.client_id)


@dataclass(frozen=True, slots=True)
class AddressIn:
    """Clients from a network; whoever comes by a unix socket is in none."""

    network: Network

    def matches(self, client: ClientInfo) -> int:
        if client.peer == "unix":
            return NO
        try:
            address = ipaddress.ip_address(client.address.partition("%")[0])
        except ValueError:
            return UNCERTAIN
        # "::ffff:192.0.2.1" is how a socket for both families names a host of IPv4.
        mapped = getattr(address, "ipv4_mapped", None)
        return YES if (mapped or address) in self.network else NO


@dataclass(frozen=True, slots=True)
class CommonName:
    """Clients with a certificate for a common name."""

    name: str

    def matches(self, client: ClientInfo) -> int:
        if client.certificate is None:
            return _without_certificate(client)
        return YES if client.certificate.common_name == self.name else NO


@dataclass(frozen=True, slots=True)
class Subject:
    """Clients with a certificate for a distinguished name, as RFC 4514 writes it."""

    name: str

    def matches(self, client: ClientInfo) -> int:
        if client.certificate is None:
            return _without_certificate(client)
        return YES if client.certificate.subject == self.name else NO


@dataclass(frozen=True, slots=True)
class Listener:
    """Clients of a listener."""

    name: str

    def matches(self, client: ClientInfo) -> int:
        if client.listener == UNKNOWN:
            return UNCERTAIN
        return YES if client.listener == self.name else NO


@dataclass(frozen=True, slots=True)
class Everyone:
    """All clients, as part of a combination."""

    def matches(self, client: ClientInfo) -> int:  # noqa: ARG002
        return YES


@dataclass(frozen=True, slots=True)
class Not:
    """Whoever does not match."""

    who: Who

    def matches(self, client: ClientInfo) -> int:
        found = self.who.matches(client)
        return UNCERTAIN if found == UNCERTAIN else YES - found


@dataclass(frozen=True, slots=True)
class AllOf:
    """Whoever matches each."""

    each: tuple[Who, ...]

    def matches(self, client: ClientInfo) -> int:
        found = {one.matches(client) for one in self.each}
        if NO in found:
            return NO
        return UNCERTAIN if UNCERTAIN in found else YES


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Whoever matches any."""

    any: tuple[Who, ...]

    def matches(self, client: ClientInfo) -> int:
        found = {one.matches(client) for one in self.any}
        if YES in found:
            return YES
        return UNCERTAIN if UNCERTAIN in found else NO


def _matches(expression: Expression, subject: str | None) -> int:
    if subject is None:
        return NO
    if len(subject) > SUBJECT_MAX:
        return UNCERTAIN
    return YES if expression.fullmatch(subject) else NO


def _without_certificate(client: ClientInfo) -> int:
    return UNCERTAIN if client.listener == UNKNOWN else NO
