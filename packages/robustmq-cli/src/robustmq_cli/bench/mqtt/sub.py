"""[A] robust-bench mqtt sub: subscribers."""

from typing import Annotated, Any

import typer

from robustmq_cli.bench.mqtt import parameters
from robustmq_cli.bench.perform import perform
from robustmq_cli.bench.plan import SUB, Plan


def sub(
    host: parameters.Host = "127.0.0.1",
    port: parameters.Port = 1883,
    clients: parameters.Clients = 10,
    topic: Annotated[
        str,
        typer.Option("--topic", "-t", metavar="TEMPLATE", help="Topic filter of each subscriber."),
    ] = "robust-bench/%i",
    qos: parameters.Qos = 0,
    count: Annotated[
        int, parameters.count("Messages to each subscriber, then end. [default: no limit]")
    ] = 0,
    duration: Annotated[
        Any, parameters.duration("How long to listen. [default: until Ctrl-C or --count]")
    ] = 0.0,
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
        **parameters.server(host, port, version, processes, timeout),
        **parameters.session(client_id, username, password, keep_alive, clean, session_expiry),
    )
    perform(plan, json)
