"""The brokers that are measured, each on a port of its own and with queues of any length."""

import json
import os
import re
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Final

from bench.process import PeerUnavailable, Process, accepts, free_port

BASE: Final = "mosquitto"
"""The peer that the others are compared with."""

MOSQUITTO_SETTINGS: Final = """listener {port} 127.0.0.1
allow_anonymous true
persistence false
log_type none
max_queued_messages 0
max_inflight_messages 0
set_tcp_nodelay true
"""


class Peer(ABC):
    """A kind of broker; `start` it to measure it."""

    name: str
    version = ""
    port = 0

    @abstractmethod
    def start(self, folder: Path) -> Process:
        """Start it in a folder of its own; PeerUnavailable if that is not possible."""


class Mosquitto(Peer):
    """Debian's, or whichever is installed."""

    name = BASE

    def start(self, folder: Path) -> Process:
        program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
        if program is None:
            raise PeerUnavailable("not installed (on Debian: apt-get install mosquitto)")
        told = subprocess.run([program, "-h"], capture_output=True, text=True, check=False).stdout
        found = re.search(r"version (\S+)", told)
        self.version = found[1] if found else "?"
        self.port = free_port()
        settings = folder / "mosquitto.conf"
        settings.write_text(MOSQUITTO_SETTINGS.format(port=self.port))
        process = Process([program, "-c", str(settings)], {}, folder / "log")
        process.wait_until(lambda: accepts(self.port))
        return process


class RobustMQ(Peer):
    """This repository's broker as it is installed, in one form of its hot modules."""

    def __init__(self, form: str) -> None:
        self.form = form
        self.name = f"robustmq {form}"

    def start(self, folder: Path) -> Process:
        log = folder / "log.json"
        command = [sys.executable, "-m", "robustmq_cli.server", "run", f"--data-dir={folder}"]
        settings = {
            "listeners.tcp.bind": "127.0.0.1:0",
            "log.format": "json",
            "log.file": str(log),
            "mqtt.max_queued_messages": "0",
        }
        command += [f"--set={key}={value}" for key, value in settings.items()]
        environment = {"ROBUSTMQ_PURE": "1" if self.form == "plain" else "0"}
        process = Process(command, environment, folder / "log")
        process.wait_until(lambda: "broker started" in _events(log))
        started = _events(log)
        self.version = started["broker started"]["version"]
        self.port = int(started["listener started"]["address"].rpartition(":")[2])
        runs = started["broker started"]["implementation"]
        if runs != self.form:
            process.stop()
            raise PeerUnavailable(f"the installed modules are {runs} (see: make setup COMPILED=1)")
        return process


PEERS: Final = (Mosquitto, lambda: RobustMQ("compiled"), lambda: RobustMQ("plain"))


def _events(log: Path) -> dict[str, dict[str, Any]]:
    """The lines of a JSON log by what they say."""
    if not log.exists():
        return {}
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    return {line["event"]: line for line in lines}
