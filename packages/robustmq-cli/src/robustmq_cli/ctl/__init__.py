"""[A] The robust-ctl command: a broker's storage, topics, bans and users."""

from typing import Annotated

import typer

from robustmq_broker import app as _broker  # noqa: F401 - `running` looks at what is imported
from robustmq_cli.ctl import acl, ban, groups, listeners, storage, topic, user
from robustmq_cli.reporting import version_option

app = typer.Typer(
    name="robust-ctl",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(storage.app, name="storage")
app.add_typer(topic.app, name="topic")
app.add_typer(groups.app, name="groups")
app.add_typer(ban.app, name="ban")
app.add_typer(listeners.app, name="listeners")
app.add_typer(user.app, name="user")
app.add_typer(acl.app, name="acl")


@app.callback()
def root(
    version: Annotated[bool, version_option("robust-ctl")] = False,
) -> None:
    """Look into a broker on this machine, running or not.

    It finds the broker by its data directory, as `robust-server status` does, and talks to it over
    a socket there. Without a running broker, `storage`, `groups`, `ban` and `user` open the storage
    themselves.
    """


def main() -> None:
    """Be the `robust-ctl` command."""
    app(prog_name="robust-ctl")
