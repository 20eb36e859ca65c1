"""[D] structlog, imported without rich.

structlog loads rich where it is installed, as typer has it, for a renderer that nobody here uses:
4 MiB of memory and 45 ms of each start. Whatever is imported before others log imports it here.
"""

import sys

_HIDE = "rich" not in sys.modules
if _HIDE:
    sys.modules["rich"] = None  # type: ignore[assignment] # an import of it fails
try:
    import structlog
finally:
    if _HIDE:
        del sys.modules["rich"]

__all__ = ["structlog"]
