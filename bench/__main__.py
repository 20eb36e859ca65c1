"""python -m bench: see bench/README.md."""

import sys

from bench.compare import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
