"""Puts the helpers of these tests on the import path: pytest's importlib mode does not."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "support"))
