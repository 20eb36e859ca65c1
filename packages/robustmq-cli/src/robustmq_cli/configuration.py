"""[A] From a command line to checked settings and the plugins they name."""

import os
from dataclasses import dataclass
from pathlib import Path

from robustmq_broker.app import SECTIONS
from robustmq_common.config import Assignment, Origin, Settings, load_settings, load_tolerant
from robustmq_common.plugins.discovery import installed_plugins
from robustmq_common.plugins.registry import Registry, load_plugins
from robustmq_common.spi.services import Log


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says about the configuration."""

    config: Path | None = None
    data_dir: Path | None = None
    overrides: tuple[str, ...] = ()

    def options(self) -> list[Assignment]:
        """Return what options other than --set assign."""
        if self.data_dir is None:
            return []
        path = ("broker", "data_dir")
        value = str(self.data_dir.expanduser().absolute())
        return [Assignment(path, value, Origin("--data-dir"))]


def preliminary(given: Given, strict: tuple[str, ...] = ()) -> Settings:
    """Read what is needed before plugins say which sections there are: broker, plugins and log.

    Bad values are left out here, unless in a strict section; `load` reports them. Raises
    ConfigError for an unreadable file and for strict sections.
    """
    wanted = {name: SECTIONS[name] for name in ("broker", "plugins", "log")}
    return load_tolerant(
        wanted,
        given.config,
        os.environ,
        given.overrides,
        options=given.options(),
        strict=strict,
    )


def data_dir(settings: Settings) -> Path:
    """Return the data directory, whole: messages name it to people elsewhere."""
    return Path(settings.section("broker").data_dir).absolute()


def load(given: Given, first: Settings, log: Log) -> tuple[Settings, Registry]:
    """Load the plugins, and with the sections they add the whole configuration.

    first: from `preliminary`. Raises ConfigError or PluginError, with a line per problem.
    """
    plugins = first.section("plugins")
    registry = load_plugins(plugins.disabled, plugins.on_error, log, tuple(SECTIONS))
    settings = load_settings(
        {**SECTIONS, **registry.config_sections()},
        given.config,
        os.environ,
        given.overrides,
        {"listeners": registry.default_listeners()},
        options=given.options(),
        ignore=_left_out(registry),
    )
    return settings, registry


def _left_out(registry: Registry) -> set[str]:
    """Return the names of plugins that are not loaded: a file may still have their sections."""
    loaded = {plugin.name for plugin in registry.plugins()}
    return {plugin.info.name for plugin in installed_plugins()} - loaded
