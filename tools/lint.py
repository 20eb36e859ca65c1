"""Runs every check, all of them even if one fails, and says which did."""

import subprocess
import sys
import time
from typing import Final

from tools.workspace import ROOT

CHECKS: Final = {
    "format": ["ruff", "format", "--check", "."],
    "style": ["ruff", "check", "."],
    "kinds": ["tools.kinds"],
    "types": ["tools.typecheck"],
    "imports": ["tools.contracts"],
    "tidy": ["tools.tidy"],
    "docs": ["tools.docs", "--check"],
}


def main(arguments: list[str]) -> int:
    unknown = [name for name in arguments if name not in CHECKS]
    if unknown:
        print(f"lint: there is no check {', '.join(unknown)}; choose from {', '.join(CHECKS)}")
        return 2
    failed = []
    for name in arguments or CHECKS:
        print(f"lint: {name}", flush=True)
        start = time.monotonic()
        done = subprocess.run([sys.executable, "-m", *CHECKS[name]], cwd=ROOT, check=False)
        if done.returncode != 0:
            failed.append(name)
            print(f"lint: {name} failed after {time.monotonic() - start:.1f} s", flush=True)
    print(f"lint: failed: {', '.join(failed)}" if failed else "lint: all checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
