"""[D] What the connections of a QUIC listener are made with, its certificate among it."""

from pathlib import Path

from aioquic.quic.configuration import QuicConfiguration

from robustmq_broker.config import ListenerConfig
from robustmq_broker.listeners.quic.connection import ALPN
from robustmq_broker.listeners.tls_context import key_password
from robustmq_broker.listeners.tls_keys import TlsKeys
from robustmq_common.errors import ConfigError


class QuicKeys:
    """The files of a listener's `tls` table, as QUIC needs them.

    They are checked by the same code as for TLS. Making one blocks, and raises ConfigError.
    """

    def __init__(self, name: str, config: ListenerConfig) -> None:
        self._name = name
        self._config = config
        _check_supported(f"listeners.{name}.tls", config)
        self._keys = TlsKeys(name, config.tls, ())
        self.configuration = self._load()

    def reload(self) -> None:
        """Read the files again. Raises ConfigError, and what was in force stays so."""
        self._keys.reload()
        self.configuration = self._load()

    def changed(self) -> bool:
        """Whether any file is another one than at the last load."""
        return self._keys.changed()

    def _load(self) -> QuicConfiguration:
        quic, tls = self._config.quic, self._config.tls
        configuration = QuicConfiguration(
            is_client=False,
            alpn_protocols=[ALPN],
            idle_timeout=quic.idle_timeout,
            max_stream_data=quic.receive_window,
            max_data=2 * quic.receive_window,
        )
        assert tls.certfile is not None
        where = f"listeners.{self._name}.tls"
        password = key_password(tls, where) or None
        keyfile = Path(tls.keyfile or tls.certfile)
        try:
            configuration.load_cert_chain(Path(tls.certfile), keyfile, password)
        except (ValueError, TypeError) as error:
            # Not its words, which may have a piece of the file in them.
            raise ConfigError(
                f'{where}.keyfile = "{keyfile}": QUIC cannot use this key '
                f"({type(error).__name__}); expected PEM, with a password only if it is encrypted"
            ) from None
        return configuration


def _check_supported(where: str, config: ListenerConfig) -> None:
    """Refuse what would not be done: a door that is thought to be locked must not be open."""
    tls = config.tls
    if tls.verify != "none":
        raise ConfigError(
            f'{where}.verify = "{tls.verify}": QUIC listeners cannot ask clients for certificates; '
            'use the transport "tls" or "wss" for clients that have one'
        )
    if tls.sni:
        raise ConfigError(f"{where}.sni: QUIC listeners have one certificate; use certfile alone")
    if "1.3" not in tls.versions:
        raise ConfigError(f'{where}.versions: QUIC is TLS 1.3 only; add "1.3"')
    if config.proxy_protocol:
        raise ConfigError(
            f"listeners.{where.split('.')[1]}.proxy_protocol: there is none for QUIC; set it to "
            "false"
        )
