"""robust-bench as people type it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

COMMAND = [sys.executable, "-m", "robustmq_cli.bench"]
DEADLINE = 45.0


@dataclass(frozen=True)
class Result:
    """How a command ended. `document` is what --json wrote."""

    code: int
    document: dict[str, Any]
    stderr: str

    @property
    def errors(self) -> dict[str, int]:
        errors: dict[str, int] = self.document["errors"]
        return errors

    @property
    def totals(self) -> dict[str, int]:
        totals: dict[str, int] = self.document["totals"]
        return totals


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `robust-bench mqtt` and return what it said."""
    command = [*COMMAND, "mqtt", *(str(one) for one in arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)


def bench(*arguments: object) -> Result:
    """Run `robust-bench mqtt` with --json."""
    done = run(*arguments, "--json", "-")
    assert done.stdout, done.stderr
    return Result(done.returncode, json.loads(done.stdout), done.stderr)
