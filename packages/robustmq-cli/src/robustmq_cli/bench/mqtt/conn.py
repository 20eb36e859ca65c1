"""[A] robust-bench mqtt conn: connections."""

from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from robustmq_cli.bench.mqtt import options
from robustmq_cli.bench.perform import perform
from robustmq_cli.bench.plan import CONN, Plan

STORM_SECONDS: Final = 10.0


class Mode(StrEnum):
    """What clients do once they are connected."""

    HOLD = "hold"
    CREATE = "create"


def conn(
    host: options.Host = "127.0.0.1",
    port: options.Port = 1883,
    clients: options.Clients = 100,
    mode: Annotated[
        Mode,
        typer.Option(
            *("--mode",),
            metavar="hold|create",
            help="Hold connections, or connect and disconnect again and again.",
        ),
    ] = Mode.HOLD,
    duration: Annotated[
        Any,
        options.duration("How long to hold [default: 0], or to go on creating [default: 10]."),
    ] = None,
    count: Annotated[
        int, options.count("Connections of each client, when creating. [default: no limit]")
    ] = 0,
    subscribe: Annotated[
        str | None,
        typer.Option(
            *("--subscribe", "-t"),
            metavar="FILTER",
            help="Subscribe each client to this filter.",
            show_default=False,
        ),
    ] = None,
    qos: options.Qos = 0,
    ramp: options.Ramp = 0.0,
    version: options.Version = "3.1.1",
    processes: options.Processes = 1,
    timeout: options.Timeout = 10.0,
    client_id: options.ClientId = None,
    username: options.Username = None,
    password: options.Password = None,
    keep_alive: options.KeepAlive = 60,
    clean: options.Clean = True,
    session_expiry: options.SessionExpiry = 0,
    json: options.Json = None,
) -> None:
    """Connect clients: see how many can be, how fast, and whether they stay."""
    creating = mode is Mode.CREATE
    if duration is None:
        duration = STORM_SECONDS if creating and not count else 0.0
    plan = Plan(
        command=CONN,
        idle=clients,
        recreate=creating,
        duration=duration,
        count=count,
        topic_filter=subscribe or "",
        qos=qos,
        ramp=ramp,
        **options.server(host, port, version, processes, timeout),
        **options.session(client_id, username, password, keep_alive, clean, session_expiry),
    )
    perform(plan, json)
