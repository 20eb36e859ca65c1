"""[A] robust-ctl topic tail: messages as they are published."""

import base64
import sys
from typing import Annotated, Any

import typer

from robustmq_cli.ctl import ctl_options as ctl
from robustmq_cli.ctl.asking import ask
from robustmq_cli.ctl.writing import printable, shown_bytes, shown_time, write_json
from robustmq_cli.reporting import errors_told
from robustmq_cli.server import options

app = typer.Typer(help="Watch what is published.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def topic() -> None:
    """Watch what is published."""


@app.command()
def tail(
    topic_filter: Annotated[
        str, typer.Argument(metavar="FILTER", help="A topic filter, such as sport/#.")
    ],
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    qos: Annotated[
        int, typer.Option(min=0, max=2, metavar="0|1|2", help="Leave out messages with less.")
    ] = 0,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar=ctl.PLACE,
            help="First, what the logs of matching topics have from there on.",
            show_default=False,
        ),
    ] = None,
    group: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Read the logs as this consumer group, from where it has got to.",
            show_default=False,
        ),
    ] = "",
    count: ctl.Count = None,
    payload: Annotated[
        int,
        typer.Option(min=0, max=65_536, metavar="BYTES", help="How much of a payload to show."),
    ] = 1024,
    as_json: ctl.Json = False,
) -> None:
    """Write messages as they are published to matching topics, until Ctrl-C.

    A line has the time in UTC, QoS, r if the message is to be retained, topic and payload. The
    broker delivers to others as before; when messages come faster than they can be shown, some are
    left out, and how many is told. One that is published just as the logs have been read may be
    shown twice.
    """
    with errors_told():
        arguments = {
            "filter": topic_filter,
            "minimum_qos": qos,
            "payload_max": payload,
            "count": count,
            "start": None if start is None else ctl.place(start),
            "group": group,
        }
        given = options.given(config, data_dir, overrides)
        dropped = -1
        for answer in ask(given, "topic.tail", arguments, offline=False):
            if dropped < 0:
                dropped = 0
                print(f"watching {topic_filter}", file=sys.stderr, flush=True)
            for message in answer["messages"]:
                if as_json:
                    _write_json(message)
                else:
                    _write_line(message, payload)
            sys.stdout.flush()
            if answer["dropped"] > dropped:
                missed = answer["dropped"] - dropped
                print(f"{missed} messages came too fast and are left out", file=sys.stderr)
                dropped = answer["dropped"]


def _write_line(message: dict[str, Any], payload_max: int) -> None:
    payload = base64.b64decode(message["payload"])
    shown = shown_bytes(payload, message["size"], payload_max)
    retain = "r" if message["retain"] else "-"
    time = shown_time(message["timestamp"])
    topic = printable(message["topic"].encode(), whole=True)
    print(f"{time}  {message['qos']}  {retain}  {topic}  {shown}")


def _write_json(message: dict[str, Any]) -> None:
    """With the payload as text if it is, and in base64 if not."""
    payload = base64.b64decode(message.pop("payload"))
    try:
        write_json({**message, "payload": payload.decode()})
    except UnicodeDecodeError:
        write_json({**message, "payload_base64": base64.b64encode(payload).decode("ascii")})
