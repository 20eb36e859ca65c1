"""Writes every generated page of docs/ and config/, or says which are out of date.

python -m tools.docs            write the pages that have changed
python -m tools.docs --check    change nothing; name the stale ones, exit 1
"""

import subprocess
import sys
from typing import Final

from tools.workspace import ROOT

GENERATORS: Final = (
    "tools.generate_reference",
    "tools.generate_hooks_reference",
    "tools.conformance_table",
)


def main(arguments: list[str]) -> int:
    failed = False
    for generator in GENERATORS:
        command = [sys.executable, "-m", generator, *arguments]
        failed |= subprocess.run(command, cwd=ROOT, check=False).returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
