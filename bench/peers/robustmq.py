"""This repository's broker, as it is installed in this environment."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from bench.peers.base import Peer, Place
from bench.process import PeerUnavailable

# Printed by a process of its own: this one may run the other form.
_ASK = (
    "from robustmq_cli import __version__; from robustmq_common import implementation; "
    "print(__version__, implementation.running())"
)


class RobustMQ(Peer):
    """The broker with the hot modules as installed, or in plain Python.

    settings: besides those that all peers have. data: its data directory, if it is to find what
    another one has left there.
    """

    about = "Python, Apache-2.0"

    def __init__(
        self,
        *,
        plain: bool = False,
        settings: Mapping[str, str] | None = None,
        data: Path | None = None,
    ) -> None:
        self.name = "robustmq-plain" if plain else "robustmq"
        self._plain = plain
        self._settings = dict(settings or {})
        self._data = data

    def prepare(self) -> None:
        done = subprocess.run(
            [sys.executable, "-c", _ASK],
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise PeerUnavailable(f"not installed (see: make setup): {done.stderr.strip()[-200:]}")
        version, form = done.stdout.split()
        self.version = f"{version}, {form}"

    def environment(self) -> dict[str, str]:
        return {"ROBUSTMQ_PURE": "1" if self._plain else "0"}

    def command(self, place: Place) -> list[str]:
        settings = {
            "listeners.tcp.bind": f"127.0.0.1:{place.port}",
            "mqtt.max_queued_messages": "0",
            "mqtt.max_retained_messages": "0",
            # As the others are run: nothing on disk.
            "storage.adapter": "memory",
            # A payload of 1 MiB and what comes before it.
            "mqtt.max_packet_size": "2MB",
            "log.level": "warning",
            **self._settings,
        }
        data = self._data or place.folder
        command = [sys.executable, "-m", "robustmq_cli.server", "run", f"--data-dir={data}"]
        return command + [f"--set={key}={value}" for key, value in settings.items()]
