"""A disk that loses power: what was not synced is gone, cut short or garbage."""

import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from disk_shim import compile_shim

GARBAGE: Final = 4096
"""Bytes of garbage at most, where a file had bytes that were not synced."""


class ForgetfulDisk:
    """Below `folder`, only what was synced survives `lose_power`.

    What is not modelled: a name whose folder was not synced is there all the same, as journaling
    file systems have it most of the time.
    """

    def __init__(self, folder: Path, own: Path) -> None:
        """own: a folder for what this class needs itself."""
        self.folder = folder
        self._journal = own / "synced"
        self._library = compile_shim(own)
        self._durable: dict[int, int] = {}

    def environment(self) -> Mapping[str, str]:
        """Variables for the next process; what is on the disk now counts as synced."""
        self._journal.unlink(missing_ok=True)
        self._durable = {file.stat().st_ino: file.stat().st_size for file in self._files()}
        return {"LD_PRELOAD": str(self._library), "SYNCED_FILES": str(self._journal)}

    def lose_power(self, chance: random.Random) -> int:
        """Forget what was not synced, after the process has ended; returns how many bytes."""
        durable = self._synced()
        lost = 0
        for file in self._files():
            status = file.stat()
            kept = min(status.st_size, durable.get(status.st_ino, 0))
            if kept < status.st_size:
                lost += status.st_size - kept
                self._forget(file, kept, status.st_size, chance)
        return lost

    def _synced(self) -> dict[int, int]:
        durable = dict(self._durable)
        lines = self._journal.read_text().splitlines() if self._journal.exists() else []
        for line in lines:
            inode, size = line.split()
            # A file that is synced again has not become shorter, unless it is another one.
            before = durable.get(int(inode), 0)
            durable[int(inode)] = max(before, int(size)) if int(size) else 0
        return durable

    def _files(self) -> list[Path]:
        return [path for path in sorted(self.folder.rglob("*")) if path.is_file()]

    def _forget(self, file: Path, kept: int, size: int, chance: random.Random) -> None:
        part = chance.randint(kept, size)
        os.truncate(file, chance.choice([kept, part]))
        if chance.random() < 0.5:
            with file.open("ab") as damaged:
                damaged.write(chance.randbytes(min(size - kept, GARBAGE)))
