"""[A] Which plugins are installed: the entry points of the group "robustmq"."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Final, NamedTuple

GROUP: Final = "robustmq"
_OWN: Final = frozenset({"robustmq-broker", "robustmq-mqtt"})


class PluginInfo(NamedTuple):
    """A plugin's name, and the distribution (with its version) that it was installed by."""

    name: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f'plugin "{self.name}" ({self.distribution} {self.version})'


@dataclass(frozen=True, slots=True)
class Installed:
    """A plugin that is installed and not imported yet; `load` may raise anything."""

    info: PluginInfo
    load: Callable[[], object]


def installed_plugins() -> list[Installed]:
    """All plugins that are installed, those of RobustMQ's own distributions first, then by name.

    The order decides who may stay if two want the same name and clashes are skipped.
    """
    return sorted(
        (_installed(point) for point in entry_points(group=GROUP)),
        key=lambda plugin: (
            plugin.info.distribution not in _OWN,
            plugin.info,
        ),
    )


def _installed(point: EntryPoint) -> Installed:
    distribution = point.dist
    if distribution is None:
        return Installed(PluginInfo(point.name, "unknown distribution", "?"), point.load)
    # Metadata that somebody damaged has neither name nor version: still say what is known.
    facts = distribution.metadata.json
    info = PluginInfo(
        point.name,
        str(facts.get("name", "a distribution without a name")),
        str(facts.get("version", "of unknown version")),
    )
    return Installed(info, point.load)
