"""[A] The RobustMQ commands."""

import sys

__version__ = "0.1.0"

try:
    from robustmq_common import implementation

    implementation.choose()
except Exception as error:
    # A bad ROBUSTMQ_PURE shows up while packages are imported, before any command can report it.
    # Errors of the RobustMQ tree carry an exit code and a sentence for people; others are bugs.
    exit_code = getattr(error, "exit_code", None)
    if exit_code is None:
        raise
    sys.stderr.write(f"robust-server: {error}\n")
    raise SystemExit(exit_code) from None
