"""[P] Who may come in and what they may do: the interfaces of access control.

Chains are ordered; each link allows, denies or has no opinion (`IGNORE`). A chain that ends without
an opinion denies: silence never grants anything.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from robustmq_common.spi.limits import ClientLimits

ALLOW: Final = 1
DENY: Final = 2
IGNORE: Final = 0

PUBLISH: Final = "publish"
SUBSCRIBE: Final = "subscribe"


def host_of(peer: str) -> str:
    """The address of "host:port", without the brackets of IPv6; what has no port as it is."""
    return peer.rpartition(":")[0].strip("[]") or peer


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client certificate whose chain the listener has verified.

    subject: the distinguished name as RFC 4514 writes it, "CN=meter-7,O=Example".
    common_name: the last CN of the subject, "" if it has none.
    names: the subject alternative names, each with its kind: "DNS:a.example", "URI:urn:x",
        "IP:127.0.0.1", "email:a@example.org".
    der: the whole certificate.
    """

    subject: str
    common_name: str
    names: tuple[str, ...] = ()
    der: bytes = b""


@dataclass(slots=True)
class ClientInfo:
    """Facts on a connecting client; identity fields may be rewritten by an authenticator.

    peer: "127.0.0.1:50312", "[::1]:50312", or "unix" for who has no address.
    expires_at: when its credentials end, in seconds since the epoch; the pack disconnects it then.
    mountpoint: what its listener puts before every topic of the client, "" for nothing.
    authenticator: the name of the link that decided on it, "" if none did.
    acl: rules that came with its credentials, as an authenticator and an authorizer agree on.
    limits: what it is limited to, once it is admitted; None for nothing.
    """

    client_id: str
    username: str | None
    peer: str
    listener: str
    protocol: str
    tenant: str = ""
    is_superuser: bool = False
    certificate: Certificate | None = None
    expires_at: float | None = None
    mountpoint: str = ""
    authenticator: str = ""
    acl: Any = None
    limits: ClientLimits | None = None
    _attributes: dict[str, str] | None = field(default=None, init=False)

    @property
    def address(self) -> str:
        """The peer's address without its port, and without the brackets of IPv6."""
        return host_of(self.peer)

    @property
    def attributes(self) -> dict[str, str]:
        """What authenticators note for those who ask later; made when first asked for."""
        if self._attributes is None:
            self._attributes = {}
        return self._attributes


@dataclass(slots=True)
class AuthResult:
    """The verdict of one authenticator.

    `reason_code` is the MQTT 5 reason code for a denial (0x86 bad user name or password, 0x87 not
    authorized, 0x8A banned, ...); `reason` is for the log and, if asked for, the Reason String.
    """

    verdict: int
    reason_code: int = 0
    reason: str = ""


class Authenticator(Protocol):
    """One link of the authentication chain."""

    name: str

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult: ...


class Authorizer(Protocol):
    """One link of the authorization chain.

    It is asked about what a client has not asked lately: answers are kept for `access.cache_ttl`,
    or until the link calls `BrokerServices.access_changed`. Besides `start`, it may have

    - `async def reload(self) -> None`: read again what is outside of the broker, such as a file;
      raises RobustMQError, and goes on with what it had, if that cannot be done;
    - `def explain(self, client, action, topic, qos, retain) -> str`: what decides, such as a rule
      and where it is written, for people; "" for nothing.
    """

    name: str

    def authorize(
        self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
    ) -> int | Awaitable[int]:
        """Return ALLOW, DENY or IGNORE.

        For SUBSCRIBE, `topic` is the filter, without the prefix of a shared subscription: ALLOW
        means every topic it matches. A link that has to wait makes it `async def`; its client waits
        then, and nobody else.
        """
        ...


@dataclass(slots=True)
class ExchangeStep:
    """What an enhanced-authentication exchange says next.

    verdict: ALLOW = success, DENY = failure with `reason_code`, IGNORE = send `data` and go on.
    """

    verdict: int
    data: bytes | None = None
    reason_code: int = 0
    reason: str = ""


class AuthExchange(Protocol):
    """One running exchange of one client; it may set `client.username` when it succeeds."""

    async def step(self, data: bytes | None) -> ExchangeStep:
        """Answer the client's Authentication Data (the first call has that of CONNECT)."""
        ...


class EnhancedAuthenticator(Protocol):
    """An Authentication Method of MQTT 5 section 4.12, such as "SCRAM-SHA-256".

    A class may have another attribute, `authenticator`: the name of the link of the authentication
    chain that the method belongs to. It is then only there on listeners whose chain has the link.
    """

    method: str

    def begin(self, client: ClientInfo, reauthenticate: bool) -> AuthExchange: ...
