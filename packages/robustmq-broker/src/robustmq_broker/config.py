"""[P] The broker's own configuration sections, and the rule on who may be let in unasked."""

import ipaddress
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import AfterValidator, Field

from robustmq_broker.access.mountpoint import mountpoint_problem
from robustmq_broker.listeners.bind import Bind, bind_problem, is_path
from robustmq_broker.listeners.quic_config import QuicConfig
from robustmq_broker.listeners.tls_config import TlsConfig
from robustmq_broker.listeners.websocket.settings import WebSocketConfig
from robustmq_broker.protection.protection_config import (
    AttemptsConfig,
    BansConfig,
    FlappingConfig,
    LimitsConfig,
    ListenerLimits,
    OverloadConfig,
)
from robustmq_broker.topics.topic_config import TopicConfig, topic_problems
from robustmq_common.config.model import Bytes, Expected, Seconds, Section
from robustmq_common.config.quantities import parse_address
from robustmq_common.errors import ConfigError

DEFAULT_DATA_DIR: Final = "robustmq-data"


def _check_path(path: str) -> str:
    if path.startswith("~"):
        raise ValueError("expected a path without ~, which only shells understand")
    return path


def _check_mountpoint(template: str) -> str:
    problem = mountpoint_problem(template)
    if problem:
        raise ValueError(problem)
    return template


def _check_network(text: str) -> str:
    ipaddress.ip_network(text, strict=False)
    return text


Network = Annotated[
    str,
    AfterValidator(_check_network),
    Expected('an address or network, such as "10.0.0.0/8"', name="network"),
]


class BrokerConfig(Section):
    """The broker as a whole."""

    node: Annotated[str, Expected("text without spaces, /, +, # and $")] = Field(
        "robustmq@127.0.0.1",
        min_length=1,
        max_length=255,
        pattern=r"^[^\s/+#$\x00-\x1f\x7f]+$",
        description=(
            "Name of this broker: it is a level of the topics `$SYS/brokers/NODE/...`, so it has "
            "no spaces, `/`, `+`, `#` or `$`."
        ),
    )
    data_dir: Annotated[str, AfterValidator(_check_path), Expected("a path", name="path")] = Field(
        DEFAULT_DATA_DIR,
        min_length=1,
        description=(
            "Folder for everything the broker keeps, seen from where it is started; created with "
            "access for its owner only. `--data-dir` sets it, too."
        ),
    )
    control: bool = Field(
        True,
        description=(
            "Whether `robust-ctl` may talk to the broker, over a socket in the data directory that "
            "is for the user who runs the broker alone."
        ),
    )


class ListenerConfig(Section):
    """One address to accept connections on."""

    enabled: bool = Field(True, description="Whether to listen at all.")
    protocol: str = Field(
        min_length=1,
        description='Name of the protocol pack that serves the connections, such as "mqtt".',
    )
    transport: str = Field(
        "tcp",
        min_length=1,
        description='What carries the bytes: "tcp", "tls", "ws", "wss", "quic" or "unix".',
    )
    bind: Bind = Field(
        description=(
            "Address and port to listen on; IPv6 addresses in brackets. All addresses of the "
            'machine are "0.0.0.0" or "[::]"; port 0 takes any free one. For the transport "unix" '
            'it is the path of the socket, such as "/run/robustmq/mqtt.sock".'
        ),
    )
    mode: Annotated[str, Expected("an octal mode", name="octal mode")] = Field(
        "600",
        pattern=r"^0?[0-7]{3}$",
        description="Who may connect to a Unix socket: the mode of its file.",
    )
    proxy_protocol: bool = Field(
        False,
        description=(
            "Whether every connection begins with a PROXY protocol header (version 1 or 2), which "
            "says who the client is; those without one are refused."
        ),
    )
    proxy_protocol_timeout: Seconds = Field(
        3.0, ge=0.1, le=3600, description="How long the header may take."
    )
    trusted_proxies: list[Network] = Field(
        ["127.0.0.0/8", "::1/128"],
        max_length=1000,
        description=(
            "Addresses and networks whose PROXY headers are believed; all others are refused. Who "
            "connects to a Unix socket is trusted."
        ),
    )
    max_connections: int = Field(
        100_000, ge=1, le=10_000_000, description="Connections open at once; more are refused."
    )
    idle_timeout: Seconds = Field(
        0.0,
        ge=0,
        le=86_400,
        description=(
            "Close TCP connections from which nothing has come for so long, whatever their "
            "keep-alive; 0 for never. On Linux, and not for Unix sockets; `quic.idle_timeout` is "
            "that of QUIC."
        ),
    )
    max_connection_rate: float | None = Field(
        None,
        gt=0,
        le=1_000_000,
        description=(
            "New connections per second; more are closed at once, before anything is made for "
            "them. Unset, there is no limit."
        ),
    )
    connection_burst: int | None = Field(
        None,
        ge=1,
        le=10_000_000,
        description="How many may come at once after a quiet time; unset, those of a second.",
    )
    backlog: int = Field(
        1024, ge=1, le=65_535, description="Connections the system holds until they are accepted."
    )
    high_watermark: Bytes = Field(
        1_048_576,
        ge=4096,
        le=1_073_741_824,
        description=(
            "Bytes waiting for one slow reader at which the broker stops writing to it for now."
        ),
    )
    nodelay: bool = Field(
        True, description="Send small packets at once instead of collecting them (TCP_NODELAY)."
    )
    mountpoint: Annotated[str, AfterValidator(_check_mountpoint)] = Field(
        "",
        max_length=1024,
        description=(
            "Put before every topic of a client, which does not see it: fixed text, with "
            "`${clientid}` and `${username}` in place of its names. A client whose name has `/`, "
            "`+`, `#` or nothing in it is refused there."
        ),
    )
    authenticators: list[str] | None = Field(
        None,
        max_length=32,
        description="Authenticators for this listener alone, in place of `access.authenticators`.",
    )
    authorizers: list[str] | None = Field(
        None,
        max_length=32,
        description="Authorizers for this listener alone, in place of `access.authorizers`.",
    )
    allow_anonymous: bool | None = Field(
        None, description="The same for this listener alone as `access.allow_anonymous` for all."
    )
    tls: TlsConfig = Field(
        default_factory=TlsConfig, description="Certificates, for the transports with TLS."
    )
    websocket: WebSocketConfig = Field(
        default_factory=WebSocketConfig, description='The transports "ws" and "wss".'
    )
    quic: QuicConfig = Field(default_factory=QuicConfig, description='The transport "quic".')
    limits: ListenerLimits = Field(
        default_factory=ListenerLimits, description="How much its clients may do."
    )


class StorageConfig(Section):
    """Where sessions, queues and retained messages live."""

    adapter: str = Field(
        "rocksdb",
        min_length=1,
        description=(
            'Name of the storage adapter: "rocksdb" is on this machine\'s disk, in the data '
            'directory; "memory" is lost when the broker stops.'
        ),
    )
    durability: Literal["memory", "os", "fsync"] = Field(
        "os",
        description=(
            "What an acknowledged write survives: nothing but an orderly stop (memory), the end of "
            "the process (os), or a power loss as well (fsync)."
        ),
    )
    settings: dict[str, Any] = Field(
        default_factory=dict, description="Keys that the adapter itself understands."
    )
    sweep_interval: Seconds = Field(
        10.0,
        ge=0.1,
        le=3600,
        description="How often expired records, and those beyond a log's limits, are removed.",
    )


class AccessConfig(Section):
    """Who may connect, and what they may do."""

    allow_anonymous: bool | None = Field(
        None,
        description=(
            "Whether clients may connect without credentials. Unset, they may as long as there "
            "are no authenticators; but then the broker listens on loopback addresses only."
        ),
    )
    authenticators: list[str] = Field(
        default_factory=list,
        max_length=32,
        description="Authenticators to ask, in this order, until one has an opinion.",
    )
    authorizers: list[str] = Field(
        default_factory=list,
        max_length=32,
        description="Authorizers to ask, in this order, until one has an opinion.",
    )
    no_match: Literal["allow", "deny"] | None = Field(
        None,
        description=(
            "What holds where no authorizer has an opinion. Unset, it is deny as soon as there are "
            "authenticators or authorizers; without any, clients may do everything."
        ),
    )
    sys_topics: Literal["superusers", "everyone"] = Field(
        "superusers",
        description=(
            "Who may subscribe to `$SYS` topics where no authorizer has an opinion. Without "
            "authenticators and authorizers, clients of this machine may in any case."
        ),
    )
    cache_size: int = Field(
        256,
        ge=0,
        le=65_536,
        description=(
            "Topics and filters for which the answers of authorizers are kept, of each for one "
            "connection; 0 for none."
        ),
    )
    cache_ttl: Seconds = Field(
        60.0,
        ge=0,
        le=86_400,
        description=(
            "How long they are kept at most. A change of rules of the broker's own makes all of "
            "them forgotten at once."
        ),
    )


class PluginsConfig(Section):
    """Which of the installed plugins are used."""

    on_error: Literal["refuse", "skip"] = Field(
        "refuse",
        description="With a faulty plugin: refuse to start, or warn and go on without it.",
    )
    disabled: list[str] = Field(
        default_factory=list,
        max_length=1000,
        description="Installed plugins that are left alone; their sections may stay in the file.",
    )


class LogConfig(Section):
    """What is logged, and where to."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="The least important kind of line that is written."
    )
    format: Literal["text", "json"] = Field(
        "text", description="Lines for people, or one JSON object per line."
    )
    file: Annotated[str, AfterValidator(_check_path), Expected("a path", name="path")] | None = (
        Field(
            None,
            min_length=1,
            description=(
                "File to append to, seen from where the broker is started; it may be moved away at "
                "any time, a new one is begun. Unset, lines go to standard error."
            ),
        )
    )


SECTIONS: Final[dict[str, Any]] = {
    "broker": BrokerConfig,
    "listeners": dict[str, ListenerConfig],
    "access": AccessConfig,
    "storage": StorageConfig,
    "topics": list[TopicConfig],
    "plugins": PluginsConfig,
    "log": LogConfig,
    "bans": BansConfig,
    "flapping": FlappingConfig,
    "limits": LimitsConfig,
    "attempts": AttemptsConfig,
    "overload": OverloadConfig,
}
"""The broker's own sections, by name; plugins add theirs."""


class HasSections(Protocol):
    """What `robustmq_common.config.Settings` offers."""

    def section(self, name: str) -> Any: ...


def authenticators_of(access: AccessConfig, listener: ListenerConfig | None) -> list[str]:
    """The authentication chain of a listener; the broker's for None."""
    own = None if listener is None else listener.authenticators
    return access.authenticators if own is None else own


def authorizers_of(access: AccessConfig, listener: ListenerConfig | None) -> list[str]:
    """The authorization chain of a listener; the broker's for None."""
    own = None if listener is None else listener.authorizers
    return access.authorizers if own is None else own


def anonymous_allowed(settings: HasSections, listener: ListenerConfig | None = None) -> bool:
    """Whether clients without credentials come in, with the two `allow_anonymous` worked out."""
    access: AccessConfig = settings.section("access")
    own = None if listener is None else listener.allow_anonymous
    allowed = access.allow_anonymous if own is None else own
    return not authenticators_of(access, listener) if allowed is None else allowed


def unmatched_allowed(access: AccessConfig, listener: ListenerConfig | None = None) -> bool:
    """Whether clients may do what no authorizer has an opinion on."""
    if access.no_match is not None:
        return access.no_match == "allow"
    return not authenticators_of(access, listener) and not authorizers_of(access, listener)


def check_exposure(settings: HasSections) -> None:
    """Refuse to let strangers in from other machines unless somebody wrote that down.

    Raises ConfigError naming every listener that others can reach while nothing asks who they are.
    """
    access: AccessConfig = settings.section("access")
    if access.allow_anonymous is not None:
        return
    listeners: dict[str, ListenerConfig] = settings.section("listeners")
    problems = [
        f'listeners.{name}.bind = "{listener.bind}": other machines can reach this address and '
        "nothing asks clients who they are; set access.authenticators, or "
        "access.allow_anonymous = true to let everyone in, or bind to 127.0.0.1"
        for name, listener in listeners.items()
        if listener.enabled
        and listener.allow_anonymous is None
        and not authenticators_of(access, listener)
        and not is_path(listener.bind)
        and not is_loopback(parse_address(listener.bind)[0])
    ]
    if problems:
        raise ConfigError("\n".join(problems))


def check_names(settings: HasSections, installed: Mapping[str, Collection[str]]) -> None:
    """Check what is chosen by name against what there is.

    `installed` has the names of "protocol packs", "transports", "storage adapters",
    "authenticators" and "authorizers". Raises ConfigError with a line per name that is none.
    """
    access: AccessConfig = settings.section("access")
    listeners: dict[str, ListenerConfig] = settings.section("listeners")
    enabled = [(name, one) for name, one in listeners.items() if one.enabled]
    chosen = [
        (f"listeners.{name}.protocol", one.protocol, "protocol packs") for name, one in enabled
    ]
    chosen += [
        (f"listeners.{name}.transport", one.transport, "transports") for name, one in enabled
    ]
    default: str = settings.section("storage").adapter
    topics: list[TopicConfig] = settings.section("topics")
    chosen += [("storage.adapter", default, "storage adapters")]
    chosen += [
        (f"topics[{number}].adapter", rule.adapter, "storage adapters")
        for number, rule in enumerate(topics)
        if rule.adapter is not None
    ]
    tables: list[tuple[str, AccessConfig | ListenerConfig]] = [("access", access)]
    tables += [(f"listeners.{name}", one) for name, one in enabled]
    for table, names in tables:
        chosen += [
            (f"{table}.authenticators", name, "authenticators")
            for name in names.authenticators or ()
        ]
        chosen += [
            (f"{table}.authorizers", name, "authorizers") for name in names.authorizers or ()
        ]
    problems = [
        f'{path} = "{name}": there is none of this name; '
        f"the installed {kind} are: {', '.join(sorted(installed[kind])) or 'none'}"
        for path, name, kind in chosen
        if name not in installed[kind]
    ]
    problems += [
        f'listeners.{name}.bind = "{one.bind}": {problem}'
        for name, one in enabled
        if (problem := bind_problem(one.transport, one.bind))
    ]
    problems += topic_problems(topics, default)
    if problems:
        raise ConfigError("\n".join(problems))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address; a name other than localhost may be any."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
