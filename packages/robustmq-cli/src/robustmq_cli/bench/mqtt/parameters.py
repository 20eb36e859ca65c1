"""[A] Parameters that several commands of robust-bench mqtt have."""

import secrets
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from robustmq_common.config.quantities import parse_bytes, parse_seconds

LEVELS: Final = {"3": 3, "3.1": 3, "31": 3, "3.1.1": 4, "311": 4, "4": 4, "5": 5, "5.0": 5, "50": 5}
MOST_CLIENTS: Final = 1_000_000
MOST_PROCESSES: Final = 256
LARGEST: Final = 16 * 1024 * 1024
DEFAULT_SECONDS: Final = 10.0


def _quantity(parse: Callable[[Any], Any], highest: float) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        try:
            parsed = parse(value)
        except ValueError as error:
            raise typer.BadParameter(f"{value!r}: {error}") from None
        if not 0 <= parsed <= highest:
            raise typer.BadParameter(f"{value!r} is not between 0 and {highest:,}")
        return parsed

    return convert


def level(value: Any) -> int:
    """The protocol level of a version as people write it. Raises BadParameter."""
    text = str(value).lower().removeprefix("mqttv").removeprefix("v")
    if text not in LEVELS:
        raise typer.BadParameter(f"{value!r} is none of 3.1, 3.1.1 and 5.0")
    return LEVELS[text]


def client_id_prefix(given: str | None) -> str:
    """The prefix of client identifiers; without one, a new one, so that runs do not collide."""
    return given if given is not None else f"rb-{secrets.token_hex(3)}"


def _seconds(name: str, text: str, *more: str) -> Any:
    return typer.Option(
        *(name, *more),
        metavar="SECONDS",
        parser=_quantity(parse_seconds, 366 * 86_400.0),
        help=text,
        show_default=False,
    )


Host = Annotated[
    str, typer.Option("--host", "-h", metavar="HOST", help="Name or address of the broker.")
]
Port = Annotated[
    int, typer.Option("--port", "-p", min=1, max=65_535, metavar="PORT", help="Port of the broker.")
]
Version = Annotated[
    Any,
    typer.Option(
        *("--version", "-V"),
        metavar="3.1|3.1.1|5.0",
        parser=level,
        help="Version of MQTT. [default: 3.1.1]",
        show_default=False,
    ),
]
Clients = Annotated[
    int,
    typer.Option("--clients", "-c", min=1, max=MOST_CLIENTS, metavar="N", help="How many clients."),
]
Processes = Annotated[
    int,
    typer.Option(
        *("--processes",),
        min=1,
        max=MOST_PROCESSES,
        metavar="N",
        help="Processes that share the clients.",
    ),
]
Qos = Annotated[
    int, typer.Option("--qos", "-q", min=0, max=2, metavar="0|1|2", help="Quality of service.")
]
Size = Annotated[
    Any,
    typer.Option(
        *("--size", "-s"),
        metavar="BYTES",
        parser=_quantity(parse_bytes, LARGEST),
        help="Size of payloads, such as 64 or 1KB. [default: 64]",
        show_default=False,
    ),
]
Retain = Annotated[bool, typer.Option("--retain", help="Ask the broker to retain messages.")]
Rate = Annotated[
    float,
    typer.Option(
        *("--rate",),
        min=0,
        metavar="N",
        help="Messages per second and publisher; 0 for as many as the window lets through.",
    ),
]
Window = Annotated[
    int,
    typer.Option(
        *("--window", "--inflight"),
        min=0,
        max=65_000,
        metavar="N",
        help=(
            "Messages that a publisher may have under way. "
            "[default: 100 in flight, or what suits a round trip]"
        ),
        show_default=False,
    ),
]
Ramp = Annotated[
    Any, _seconds("--ramp", "Spread connecting over this time. [default: as fast as possible]")
]
Timeout = Annotated[
    Any,
    _seconds(
        "--timeout",
        "How long to wait for an answer, and for messages under way when none come. [default: 10]",
    ),
]
ClientId = Annotated[
    str | None,
    typer.Option(
        *("--client-id", "-i"),
        metavar="PREFIX",
        help="What client identifiers begin with. [default: new in each run]",
        show_default=False,
    ),
]
Username = Annotated[
    str | None,
    typer.Option("--username", "-u", metavar="NAME", help="User name.", show_default=False),
]
Password = Annotated[
    str | None,
    typer.Option(
        *("--password", "-P"),
        metavar="TEXT",
        envvar="ROBUST_BENCH_PASSWORD",
        show_envvar=False,
        help="Password; better in the variable ROBUST_BENCH_PASSWORD, which no other user sees.",
        show_default=False,
    ),
]
KeepAlive = Annotated[
    int,
    typer.Option(
        *("--keep-alive", "-k"), min=0, max=65_535, metavar="SECONDS", help="0 for no pings."
    ),
]
Clean = Annotated[
    bool, typer.Option("--clean/--no-clean", help="Start with a new session, or resume the old.")
]
SessionExpiry = Annotated[
    int,
    typer.Option(
        *("--session-expiry",),
        min=0,
        max=0xFFFF_FFFF,
        metavar="SECONDS",
        help="How long sessions outlive their connection, in 5.0.",
    ),
]
Json = Annotated[
    str | None,
    typer.Option(
        *("--json",),
        metavar="FILE",
        help="Write the result as JSON, too; - for standard output, without the table.",
        show_default=False,
    ),
]


Publishers = Annotated[
    int | None,
    typer.Option(
        *("--publishers",),
        min=1,
        max=MOST_CLIENTS,
        metavar="N",
        help="How many publish.",
        show_default=False,
    ),
]
Subscribers = Annotated[
    int | None,
    typer.Option(
        *("--subscribers",),
        min=1,
        max=MOST_CLIENTS,
        metavar="N",
        help="How many subscribe.",
        show_default=False,
    ),
]


def duration(text: str) -> Any:
    """--duration, which means something else in every command."""
    return _seconds("--duration", text, "-d")


def count(text: str) -> Any:
    """--count, which means something else in every command."""
    return typer.Option("--count", "-n", min=0, metavar="N", help=text, show_default=False)


def server(host: str, port: int, version: int, processes: int, timeout: float) -> dict[str, Any]:
    """What every plan says of the broker, and of how it is talked to."""
    return {
        "host": host,
        "port": port,
        "level": version,
        "processes": processes,
        "timeout": timeout,
    }


def session(
    client_id: str | None,
    username: str | None,
    password: str | None,
    keep_alive: int,
    clean: bool,
    session_expiry: int,
) -> dict[str, Any]:
    """What every plan says of its clients."""
    return {
        "client_id": client_id_prefix(client_id),
        "username": username,
        "password": password,
        "keep_alive": keep_alive,
        "clean": clean,
        "session_expiry": session_expiry,
    }


def publishing(
    qos: int,
    size: int,
    retain: bool,
    count: int,
    rate: float,
    duration: float | None,
    window: int,
) -> dict[str, Any]:
    """What a plan says of its publishers; without any limit they publish for 10 seconds."""
    if duration is None:
        duration = 0.0 if count else DEFAULT_SECONDS
    return {
        "qos": qos,
        "size": size,
        "retain": retain,
        "count": count,
        "rate": rate,
        "duration": duration,
        "window": window,
    }
