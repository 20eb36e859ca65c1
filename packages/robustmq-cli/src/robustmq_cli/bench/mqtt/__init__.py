"""[A] robust-bench mqtt: load for MQTT brokers."""

import typer

from robustmq_cli.bench.mqtt import conn, pub, roundtrip, sub

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
app.command()(conn.conn)
app.command()(pub.pub)
app.command()(sub.sub)
app.command()(roundtrip.roundtrip)


@app.callback()
def mqtt() -> None:
    """Load an MQTT broker with connections, publishers, subscribers, or both.

    In topics, %i stands for the number of the client, %c for its identifier and, for publishers,
    %n for the number of the message.
    """
