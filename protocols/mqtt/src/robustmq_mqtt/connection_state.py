"""[H] How far a connection has got: the values of `Connection.state`, in order."""

from typing import Final

NEW: Final = 0
"""Waiting for CONNECT."""
CONNECTING: Final = 1
"""CONNECT has come; authentication is under way."""
CONNECTED: Final = 2
CLOSED: Final = 3
