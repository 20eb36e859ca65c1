"""Puts the case table on the import path: pytest's importlib mode does not do it for test folders."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
