"""[A] robust-bench mqtt pub: publishers."""

from typing import Annotated, Any

import typer

from robustmq_cli.bench.mqtt import options
from robustmq_cli.bench.perform import perform
from robustmq_cli.bench.plan import PUB, Plan


def pub(
    host: options.Host = "127.0.0.1",
    port: options.Port = 1883,
    clients: options.Clients = 10,
    topic: Annotated[
        str, typer.Option("--topic", "-t", metavar="TEMPLATE", help="Topic of each publisher.")
    ] = "robust-bench/%i",
    qos: options.Qos = 0,
    size: options.Size = 64,
    payload: Annotated[
        str | None,
        typer.Option(
            *("--payload", "-m"),
            metavar="TEXT",
            help="Send exactly this, without a stamp; subscribers cannot judge it then.",
            show_default=False,
        ),
    ] = None,
    retain: options.Retain = False,
    count: Annotated[
        int, options.count("Messages of each publisher. [default: as many as --duration allows]")
    ] = 0,
    rate: options.Rate = 0.0,
    duration: Annotated[
        Any, options.duration("How long to publish. [default: 10, or until --count are sent]")
    ] = None,
    window: options.Window = 0,
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
    """Publish messages: see how many a second, and how soon they are acknowledged.

    QoS 0 is as fast as the sockets take it; above, a window of messages is in flight.
    """
    plan = Plan(
        command=PUB,
        publishers=clients,
        topic=topic,
        payload=payload,
        ramp=ramp,
        **options.publishing(qos, size, retain, count, rate, duration, window),
        **options.server(host, port, version, processes, timeout),
        **options.session(client_id, username, password, keep_alive, clean, session_expiry),
    )
    perform(plan, json)
