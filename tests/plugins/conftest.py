"""Makes the sample plugins importable where they are not installed."""

import sys
from pathlib import Path

for sample in ("line-echo", "test-auth"):
    sys.path.insert(0, str(Path(__file__).parent / sample))
