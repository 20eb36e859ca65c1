"""[A] robust-bench mqtt roundtrip: what gets from publishers to subscribers, and how."""

from typing import Annotated, Any

import typer

from robustmq_cli.bench.mqtt import parameters
from robustmq_cli.bench.perform import perform
from robustmq_cli.bench.plan import ROUNDTRIP, Plan


def roundtrip(
    host: parameters.Host = "127.0.0.1",
    port: parameters.Port = 1883,
    clients: Annotated[
        int,
        typer.Option(
            *("--clients", "-c"),
            min=1,
            max=parameters.MOST_CLIENTS,
            metavar="N",
            help="Publishers, and as many subscribers, unless the next two say otherwise.",
        ),
    ] = 10,
    publishers: parameters.Publishers = None,
    subscribers: parameters.Subscribers = None,
    topic: Annotated[
        str | None,
        typer.Option(
            *("--topic", "-t"),
            metavar="TEMPLATE",
            help="Topic of each publisher. [default: robust-bench/<new in each run>/%i]",
            show_default=False,
        ),
    ] = None,
    qos: parameters.Qos = 0,
    size: parameters.Size = 64,
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
    """Publish and subscribe: see whether every message arrives, once, in order, and when.

    With %i or %c in the topic and as many subscribers as publishers, each publisher has a
    subscriber of its own; otherwise every subscriber gets the messages of all. A publisher has at
    most a window of messages that have not arrived, so a broker need not queue without end.
    """
    prefix = parameters.client_id_prefix(client_id)
    plan = Plan(
        command=ROUNDTRIP,
        publishers=clients if publishers is None else publishers,
        subscribers=clients if subscribers is None else subscribers,
        topic=topic or f"robust-bench/{prefix}/%i",
        ramp=ramp,
        **parameters.publishing(qos, size, retain, count, rate, duration, window),
        **parameters.server(host, port, version, processes, timeout),
        **parameters.session(prefix, username, password, keep_alive, clean, session_expiry),
    )
    perform(plan, json)
