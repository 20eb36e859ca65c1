"""python -m bench.counted: see docs/howto/counted-benchmarks.md."""

import sys

from bench.counted.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
