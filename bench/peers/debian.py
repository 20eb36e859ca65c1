"""mosquitto, as Debian or the machine has it."""

import os
import re
import shutil
import subprocess
from typing import Final

from bench.peers.base import Peer, Place
from bench.process import PeerUnavailable

SETTINGS: Final = """listener {port} 127.0.0.1
allow_anonymous true
persistence false
log_type none
max_queued_messages 0
max_inflight_messages 0
set_tcp_nodelay true
"""


class Mosquitto(Peer):
    """Eclipse mosquitto."""

    name = "mosquitto"
    about = "C, EPL-2.0"
    _program = ""

    def prepare(self) -> None:
        # Debian keeps servers where only root's search path leads.
        found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if found is None:
            raise PeerUnavailable("not installed (on Debian: apt-get install mosquitto)")
        self._program = found
        told = subprocess.run([found, "-h"], capture_output=True, text=True, check=False).stdout
        version = re.search(r"version (\S+)", told)
        self.version = version[1] if version else "?"

    def command(self, place: Place) -> list[str]:
        settings = place.folder / "mosquitto.conf"
        settings.write_text(SETTINGS.format(port=place.port))
        return [self._program, "-c", str(settings)]
