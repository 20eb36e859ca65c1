"""Clients with a will that are Python programs of their own."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from real_clients.kit import SESSION_SECONDS, Will, WillHolder
from real_clients.lines import LineProcess
from wire import unique_id

HOLDERS = Path(__file__).parent / "holders"


class ProgramWillHolder(WillHolder):
    """Runs one of the programs in holders/."""

    def __init__(self, program: str, address: tuple[str, int], version: int, will: Will) -> None:
        host, port = address
        given = {
            **asdict(will),
            "payload": will.payload.decode(),
            "host": host,
            "port": port,
            "version": version,
            "client_id": unique_id(),
            "expiry": SESSION_SECONDS,
        }
        self.process = LineProcess([sys.executable, str(HOLDERS / program), json.dumps(given)])
        try:
            self.process.wait_for_line("connected")
        except AssertionError:
            self.process.kill()
            raise

    def kill(self) -> None:
        self.process.kill()

    def leave(self) -> None:
        self.process.tell("leave")
        self.process.wait_for_line("left")
        assert self.process.status() == 0
