"""[A] robust-bench mqtt conn: connections."""

from enum import StrEnum
from typing import Annotated, Any, Final

import typer

from robustmq_cli.bench.mqtt import parameters
from robustmq_cli.bench.perform import perform
from robustmq_cli.bench.plan import CONN, Plan

STORM_SECONDS: Final = 10.0


class Mode(StrEnum):
    """What clients do once they are connected."""

    HOLD = "hold"
    CREATE = "create"


def conn(
    host: parameters.Host = "127.0.0.1",
    port: parameters.Port = 1883,
    clients: parameters.Clients = 100,
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
        parameters.duration("How long to hold [default: 0], or to go on creating [default: 10]."),
    ] = None,
    count: Annotated[
        int, parameters.count("Connections of each client, when creating. [default: no limit]")
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
    qos: parameters.Qos = 0,
    ramp: parameters.Ramp = 0.0,
    version: parameters.Version = "3.1.1",
    processes: parameters.Processes = 1,
    timeout: parameters.Timeout = 10.0,
    client_id: parameters.ClientId = None,
    username: parameters.Username = None,
    password: parameters.Password = None,
    keep_alive: parameters.KeepAlive = 60,
    clean: parameters.Clean = True,
    session_expiry: parameters.SessionExpiry = 0,
    json: parameters.Json = None,
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
        **parameters.server(host, port, version, processes, timeout),
        **parameters.session(client_id, username, password, keep_alive, clean, session_expiry),
    )
    perform(plan, json)
