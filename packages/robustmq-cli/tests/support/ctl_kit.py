"""robust-ctl on a data directory without a broker, and what is stored there."""

import asyncio
from pathlib import Path

from typer.testing import CliRunner, Result

from robustmq_broker.storage.rocksdb.adapter import RocksdbAdapter
from robustmq_cli.ctl import app
from robustmq_common.spi.storage import Append, Operation, Put, Trim, WriteBatch

NOON = 1_700_000_000.0
"""2023-11-14T22:13:20Z, the time of the first record that `fill` writes."""


class Ctl:
    """Runs the command on one data directory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str | Path) -> Result:
        """Run a command; the data directory and RocksDB are options."""
        given = [*map(str, arguments), "--data-dir", str(self.folder)]
        return CliRunner().invoke(app, [*given, "--set", "storage.adapter=rocksdb"])

    def lines(self, *arguments: str | Path) -> list[str]:
        """Run a command that succeeds; returns what it wrote."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout.splitlines()

    def failure(self, *arguments: str | Path) -> tuple[int, str]:
        """Run a command that fails; returns its exit code and what it said."""
        result = self.run(*arguments)
        assert result.exit_code != 0, result.output
        return result.exit_code, result.stderr

    def write(self, *operations: Operation) -> None:
        """Write to the storage."""

        async def write() -> None:
            adapter = RocksdbAdapter({}, self.folder)
            await adapter.open()
            await adapter.commit(WriteBatch([*operations]))
            await adapter.close()

        asyncio.run(write())

    def fill(self) -> None:
        """A log with offsets 2 to 9, and a key."""
        self.write(
            *(Append("log", b"value %d" % n, b"k%d" % n, NOON + n) for n in range(10)),
            Trim("log", 2),
            Put("keys", b"key", b"value"),
        )
