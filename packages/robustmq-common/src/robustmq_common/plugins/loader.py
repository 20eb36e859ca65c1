"""[A] Takes plugins in one by one, so that whatever is wrong can be told with the plugin's name."""

from collections.abc import Collection

from robustmq_common.plugins.contributions import Contributions, contributions, describe
from robustmq_common.plugins.discovery import Installed, PluginInfo
from robustmq_common.plugins.kinds import KINDS, SECTIONS, Fault, Kind


class Loader:
    """Takes in one plugin after the other, and remembers who has which name.

    loaded: the plugins without fault, with what they register.
    faults: the plugins with one, each with a whole sentence on it.
    cause: the exception behind the first fault that has one.
    """

    def __init__(self, reserved_sections: Collection[str]) -> None:
        self.loaded: list[tuple[PluginInfo, Contributions]] = []
        self.faults: list[tuple[PluginInfo, str]] = []
        self.cause: BaseException | None = None
        self._names: dict[str, PluginInfo] = {}
        self._owners: dict[tuple[str, str], PluginInfo | None] = {
            (SECTIONS.hook, name): None for name in reserved_sections
        }

    def load(self, plugin: Installed) -> None:
        """Import one plugin and take what it registers, all or nothing; raises nothing."""
        info = plugin.info
        twin = self._names.setdefault(info.name, info)
        if twin is not info:
            self._clash(info, f"has the same name as {twin}", twin)
            return
        try:
            contributed = contributions(plugin.load(), info.name)
        except Fault as fault:
            self._fault(info, str(fault), fault.__cause__)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it becomes the plugin's fault
            self._fault(info, f"cannot be loaded: {describe(error)}", error)
        else:
            self._take(info, contributed)

    def _take(self, info: PluginInfo, contributed: Contributions) -> None:
        claimed: dict[tuple[str, str], PluginInfo | None] = {}
        for kind in KINDS:
            for name, _ in contributed.get(kind.hook, ()):
                if not name:
                    continue
                claim = (kind.hook, name)
                if claim in claimed:
                    self._fault(info, f"registers the {kind.noun} {name!r} twice", None)
                    return
                if claim in self._owners:
                    self._taken(info, kind, name, self._owners[claim])
                    return
                claimed[claim] = info
        self._owners.update(claimed)
        self.loaded.append((info, contributed))

    def _taken(self, info: PluginInfo, kind: Kind, name: str, owner: PluginInfo | None) -> None:
        what = f"registers the {kind.noun} {name!r}, which"
        if owner is None:
            self._fault(info, f"{what} is RobustMQ's own", None)
        else:
            self._clash(info, f"{what} {owner} has registered", owner)

    def _clash(self, info: PluginInfo, clause: str, other: PluginInfo) -> None:
        if info.name == other.name:
            remedy = f"uninstall {info.distribution} or {other.distribution}"
        else:
            remedy = f"list {info.name!r} or {other.name!r} in plugins.disabled, or uninstall one"
        self.faults.append((info, f"{info} {clause}; {remedy}"))

    def _fault(self, info: PluginInfo, clause: str, cause: BaseException | None) -> None:
        remedy = (
            f"repair or uninstall {info.distribution}, or list {info.name!r} in plugins.disabled"
        )
        self.faults.append((info, f"{info} {clause}; {remedy}"))
        self.cause = self.cause or cause
