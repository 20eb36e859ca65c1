"""python -m tests.crash: see tests/crash/README.md."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from crash.run import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
