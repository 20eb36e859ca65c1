"""What a peer is: a kind of broker that can be made ready and started."""

import socket
import sys
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import clients
from bench.process import START_SECONDS, PeerUnavailable, Process
from bench.scenario import V311, Target

ROOT: Final = Path(__file__).parents[2]

ANSWER_SECONDS: Final = 2.0
"""How long a CONNECT is waited for before it is tried again, until the broker has started."""


@dataclass(frozen=True)
class Place:
    """Where a broker runs: its folder, its port, and another one for MQTT 5.0 if it needs it."""

    folder: Path
    port: int
    port_v5: int


class Peer(ABC):
    """A kind of broker. `prepare` it once, then `start` it as often as it is measured.

    name: as on the command line. about: language and licence, for the report. version: known when
    it is prepared. serves_v5_elsewhere: whether MQTT 5.0 clients have a port of their own.
    patience: seconds from exec to its first CONNACK.
    """

    name: str
    about: str
    version = ""
    serves_v5_elsewhere = False
    patience = START_SECONDS

    @abstractmethod
    def prepare(self) -> None:
        """Install what is needed and set `version`; PeerUnavailable if that is not possible."""

    @abstractmethod
    def command(self, place: Place) -> list[str]:
        """What starts it in the foreground, listening on 127.0.0.1."""

    def shown_command(self, folder: Path) -> str:
        """The command for the report, with names instead of what differs from run to run."""
        own = folder / f"{self.name}-shown"
        own.mkdir()
        text = " ".join(self.command(Place(own, 11111, 22222)))
        renamed = {
            str(own): "DIR",
            sys.executable: "python",
            str(ROOT): ".",
            "11111": "PORT",
            "22222": "PORT",
        }
        for here, name in renamed.items():
            text = text.replace(here, name)
        return text

    def environment(self) -> dict[str, str]:
        """Variables to start it with."""
        return {}

    def start(self, folder: Path) -> Target:
        """Start it in a folder of its own; PeerUnavailable if it does not let a client in."""
        folder.mkdir(parents=True)
        place = Place(folder, free_port(), free_port())
        process = Process(self.command(place), self.environment(), folder / "output.log")
        try:
            process.wait_until(lambda: lets_in(place.port), self.patience)
        except PeerUnavailable:
            process.stop()
            raise
        seconds = time.monotonic() - process.started
        second_port = place.port_v5 if self.serves_v5_elsewhere else place.port
        return Target(self.name, process, place.port, second_port, seconds)


def lets_in(port: int) -> bool:
    """Whether a broker answers CONNECT; PeerUnavailable if it refuses."""
    try:
        clients.connect(port, "bench-start", V311, ANSWER_SECONDS).close()
    except clients.Refused as error:
        raise PeerUnavailable(str(error)) from error
    except OSError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
    return port
