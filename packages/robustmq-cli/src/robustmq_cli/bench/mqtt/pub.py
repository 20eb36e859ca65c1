"""[A] robust-bench mqtt pub: publishers."""

from typing import Annotated, Any

import typer

from robustmq_cli.bench.mqtt import parameters
from robustmq_cli.bench.perform import perform
from robustmq_cli.bench.plan import PUB, Plan


def pub(
    host: parameters.Host = "127.0.0.1",
    port: parameters.Port = 1883,
    clients: parameters.Clients = 10,
    topic: Annotated[
        str, typer.Option("--topic", "-t", metavar="TEMPLATE", help="Topic of each publisher.")
    ] = "robust-bench/%i",
    qos: parameters.Qos = 0,
    size: parameters.Size = 64,
    payload: Annotated[
        str | None,
        typer.Option(
            *("--payload", "-m"),
            metavar="TEXT",
            help="Send exactly this, without a stamp; subscribers cannot judge it then.",
            show_default=False,
        ),
    ] = None,
    retain: parameters.Retain = False,
    count: Annotated[
        int, parameters.count("Messages of each publisher. [default: as many as --duration allows]")
    ] = 0,
    rate: parameters.Rate = 0.0,
    duration: Annotated[
        Any, parameters.duration("How long to publish. [default: 10, or until --count are sent]")
    ] = None,
    window: parameters.Window = 0,
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
    """Publish messages: see how many a second, and how soon they are acknowledged.

    QoS 0 is as fast as the sockets take it; above, a window of messages is in flight.
    """
    plan = Plan(
        command=PUB,
        publishers=clients,
        topic=topic,
        payload=payload,
        ramp=ramp,
        **parameters.publishing(qos, size, retain, count, rate, duration, window),
        **parameters.server(host, port, version, processes, timeout),
        **parameters.session(client_id, username, password, keep_alive, clean, session_expiry),
    )
    perform(plan, json)
