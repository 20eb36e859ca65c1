"""[A] robust-bench mqtt roundtrip: what gets from publishers to subscribers, and how."""

from typing import Annotated, Any

import typer

from robustmq_cli.bench.mqtt import options
from robustmq_cli.bench.perform import perform
from robustmq_cli.bench.plan import ROUNDTRIP, Plan


def roundtrip(
    host: options.Host = "127.0.0.1",
    port: options.Port = 1883,
    clients: Annotated[
        int,
        typer.Option(
            *("--clients", "-c"),
            min=1,
            max=options.MOST_CLIENTS,
            metavar="N",
            help="Publishers, and as many subscribers, unless the next two say otherwise.",
        ),
    ] = 10,
    publishers: options.Publishers = None,
    subscribers: options.Subscribers = None,
    topic: Annotated[
        str | None,
        typer.Option(
            *("--topic", "-t"),
            metavar="TEMPLATE",
            help="Topic of each publisher. [default: robust-bench/<new in each run>/%i]",
            show_default=False,
        ),
    ] = None,
    qos: options.Qos = 0,
    size: options.Size = 64,
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
    """Publish and subscribe: see whether every message arrives, once, in order, and when.

    With %i or %c in the topic and as many subscribers as publishers, each publisher has a
    subscriber of its own; otherwise every subscriber gets the messages of all. A publisher has at
    most a window of messages that have not arrived, so a broker need not queue without end.
    """
    prefix = options.client_id_prefix(client_id)
    plan = Plan(
        command=ROUNDTRIP,
        publishers=clients if publishers is None else publishers,
        subscribers=clients if subscribers is None else subscribers,
        topic=topic or f"robust-bench/{prefix}/%i",
        ramp=ramp,
        **options.publishing(qos, size, retain, count, rate, duration, window),
        **options.server(host, port, version, processes, timeout),
        **options.session(prefix, username, password, keep_alive, clean, session_expiry),
    )
    perform(plan, json)
