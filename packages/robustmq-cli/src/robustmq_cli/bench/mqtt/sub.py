"""[A] robust-bench mqtt sub: subscribers."""

from typing import Annotated, Any

import typer

from robustmq_cli.bench.mqtt import options
from robustmq_cli.bench.perform import perform
from robustmq_cli.bench.plan import SUB, Plan


def sub(
    host: options.Host = "127.0.0.1",
    port: options.Port = 1883,
    clients: options.Clients = 10,
    topic: Annotated[
        str,
        typer.Option("--topic", "-t", metavar="TEMPLATE", help="Topic filter of each subscriber."),
    ] = "robust-bench/%i",
    qos: options.Qos = 0,
    count: Annotated[
        int, options.count("Messages to each subscriber, then end. [default: no limit]")
    ] = 0,
    duration: Annotated[
        Any, options.duration("How long to listen. [default: until Ctrl-C or --count]")
    ] = 0.0,
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
    """Subscribe and count what comes.

    Of messages that robust-bench has sent, it tells latency, gaps, repetitions and order too. With
    a shared subscription ($share/group/filter) each member gets some, so gaps are not looked for.
    """
    plan = Plan(
        command=SUB,
        subscribers=clients,
        topic_filter=topic,
        qos=qos,
        count=count,
        duration=duration,
        ramp=ramp,
        **options.server(host, port, version, processes, timeout),
        **options.session(client_id, username, password, keep_alive, clean, session_expiry),
    )
    perform(plan, json)
