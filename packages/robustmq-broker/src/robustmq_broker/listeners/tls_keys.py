"""[D] The certificates of one listener: the context in force, and loading it anew."""

import ssl
from functools import partial
from typing import Any

from robustmq_broker.listeners.layer import Host, Upper
from robustmq_broker.listeners.tls import TlsLayer
from robustmq_broker.listeners.tls_config import TlsConfig
from robustmq_broker.listeners.tls_context import tls_context, watched_files


class TlsKeys:
    """What new connections of a listener are secured with.

    Raises ConfigError if the files are not there or not right.
    """

    def __init__(self, name: str, config: TlsConfig, default_alpn: tuple[str, ...]) -> None:
        self.config = config
        self._default_alpn = default_alpn
        self._where = f"listeners.{name}.tls"
        self._seen = self._state()
        self._context = self._load()

    def context(self) -> ssl.SSLContext:
        return self._context

    def over(self, host: Host, upper: Upper) -> Upper:
        """`upper` with TLS below it."""
        seconds = self.config.handshake_timeout
        return partial(TlsLayer, host=host, upper=upper, context=self.context, seconds=seconds)

    def reload(self) -> None:
        """Read the files again; connections that are open keep what they have.

        Raises ConfigError, and what was in force stays so.
        """
        self._seen = self._state()
        self._context = self._load()

    def changed(self) -> bool:
        """Whether any file is another one than at the last load."""
        return self._state() != self._seen

    def _load(self) -> ssl.SSLContext:
        return tls_context(self.config, self._where, self._default_alpn)

    def _state(self) -> list[Any]:
        states: list[Any] = []
        for path in watched_files(self.config):
            try:
                found = path.stat()
            except OSError:
                states.append(None)
            else:
                states.append((found.st_ino, found.st_mtime_ns, found.st_size))
        return states
