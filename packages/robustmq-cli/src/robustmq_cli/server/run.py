"""[A] robust-server run: a broker in the foreground."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from robustmq_broker import app
from robustmq_cli import configuration, instance
from robustmq_cli.readiness import Reporter
from robustmq_cli.reporting import errors_told
from robustmq_cli.server import options
from robustmq_common.config import Settings
from robustmq_common.logging_setup import set_up_logging


def run(
    config: options.Config = None,
    data_dir: options.DataDir = None,
    overrides: options.Set = None,
    ready_descriptor: Annotated[int | None, typer.Option("--ready-descriptor", hidden=True)] = None,
) -> None:
    """Run a broker in the foreground.

    Ctrl-C or SIGTERM ends it. Log lines go to standard error, or where log.file says.
    """
    reporter = Reporter(ready_descriptor)
    with errors_told(reporter):
        code = _serve(options.given(config, data_dir, overrides), reporter)
    raise typer.Exit(code)


def _serve(given: configuration.Given, reporter: Reporter) -> int:
    first = configuration.preliminary(given)
    log = set_up_logging(**first.section("log").model_dump())
    settings, registry = configuration.load(given, first, log)
    folder = configuration.data_dir(settings)
    instance.prepare(folder)

    def ready(bound: Mapping[str, str] | None = None) -> None:
        instance.write_state(folder, _listeners(settings, bound or {}))
        reporter.ready()

    with instance.hold(folder):
        code: int = app.run(settings, registry, ready)
        return code


def _listeners(settings: Settings, bound: Mapping[str, str]) -> list[instance.ListenerState]:
    """Return what is open; without `bound`, as configured."""
    listeners: dict[str, Any] = settings.section("listeners")
    return [
        instance.ListenerState(name, one.protocol, one.transport, bound.get(name, one.bind))
        for name, one in listeners.items()
        if one.enabled
    ]
