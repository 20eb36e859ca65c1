"""[D] TLS contexts from the files that a listener's `tls` table names."""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from robustmq_broker.listeners.tls_config import KeyPair, TlsConfig
from robustmq_common.errors import ConfigError

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
_VERIFY: Final = {
    "none": ssl.CERT_NONE,
    "optional": ssl.CERT_OPTIONAL,
    "required": ssl.CERT_REQUIRED,
}


def tls_context(config: TlsConfig, where: str, default_alpn: Sequence[str] = ()) -> ssl.SSLContext:
    """Read the files and make a context. `where` is the table's path, for errors.

    Raises ConfigError that names the key, the file and what is wrong with it.
    """
    context = _context(config, config, where, default_alpn)
    hosts: dict[str, ssl.SSLContext] = {}
    for index, pair in enumerate(config.sni):
        other = _context(config, pair, f"{where}.sni[{index}]", default_alpn)
        for host in pair.hosts:
            hosts.setdefault(host.lower(), other)

    def choose(tls: Any, name: str | None, _context: ssl.SSLContext) -> None:
        chosen = host_entry(hosts, name or "")
        if chosen is not None:
            tls.context = chosen

    if hosts:
        context.sni_callback = choose
    return context


def host_entry(hosts: dict[str, ssl.SSLContext], name: str) -> ssl.SSLContext | None:
    """The entry of a host name: its own, or that of "*." and all but its first label."""
    name = name.lower().rstrip(".")
    return hosts.get(name) or hosts.get("*." + name.partition(".")[2])


def watched_files(config: TlsConfig) -> list[Path]:
    """The files that a context is made of."""
    named = [config.cafile, config.crlfile]
    for pair in (config, *config.sni):
        named += [pair.certfile, pair.keyfile, pair.key_password_file]
    return [Path(name) for name in named if name is not None]


def _context(
    config: TlsConfig, pair: KeyPair, where: str, default_alpn: Sequence[str]
) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    versions = [_VERSIONS[version] for version in config.versions]
    context.minimum_version = min(versions)
    context.maximum_version = max(versions)
    # No renegotiation (RFC 8446 has none, and in 1.2 it lets a client have handshakes for free),
    # no compression (CRIME), keys used once; early data is off unless asked for.
    context.options |= (
        ssl.OP_NO_RENEGOTIATION
        | ssl.OP_NO_COMPRESSION
        | ssl.OP_SINGLE_ECDH_USE
        | ssl.OP_CIPHER_SERVER_PREFERENCE
    )
    if config.ciphers is not None:
        try:
            context.set_ciphers(config.ciphers)
        except ssl.SSLError:
            raise ConfigError(
                f'{where}.ciphers = "{config.ciphers}": OpenSSL knows no cipher suite of this '
                "list; see `openssl ciphers`"
            ) from None
    alpn = default_alpn if config.alpn is None else config.alpn
    if alpn:
        context.set_alpn_protocols(alpn)
    _set_tickets(context, config)
    _load_pair(context, pair, where)
    _set_verification(context, config, where)
    return context


def _set_tickets(context: ssl.SSLContext, config: TlsConfig) -> None:
    tickets = config.session_tickets
    if tickets is None:
        tickets = config.verify == "none"
    # One is enough for a client with one connection; each costs a record of the handshake.
    context.num_tickets = 1 if tickets else 0
    if not tickets:
        context.options |= ssl.OP_NO_TICKET


def _load_pair(context: ssl.SSLContext, pair: KeyPair, where: str) -> None:
    if pair.certfile is None:
        raise ConfigError(
            f"{where}.certfile: a listener with TLS needs a certificate; "
            "`robust-server tls dev-cert` makes one for trying it out"
        )
    key = "keyfile" if pair.keyfile else "certfile"
    for name, path in (("certfile", pair.certfile), ("keyfile", pair.keyfile)):
        if path is not None:
            _read(path, f"{where}.{name}")
    password = key_password(pair, where)
    asked: list[bool] = []

    def give_password() -> str:
        # Without this OpenSSL would ask on the terminal.
        asked.append(True)
        return password

    try:
        context.load_cert_chain(pair.certfile, pair.keyfile, give_password)
    except ssl.SSLError as error:
        why = _why(error)
        if asked:
            why = "the key is encrypted, and key_password does not open it"
        raise ConfigError(
            f'{where}.{key} = "{pair.keyfile or pair.certfile}" with certfile = '
            f'"{pair.certfile}": {why}; expected PEM files of a certificate and its key'
        ) from None


def key_password(pair: KeyPair, where: str) -> str:
    """What the key of a pair is opened with, "" for nothing. Raises ConfigError."""
    if pair.key_password_file is not None:
        text = _read(pair.key_password_file, f"{where}.key_password_file")
        return text.decode("utf-8", "replace").partition("\n")[0].rstrip("\r")
    return pair.key_password.get_secret_value() if pair.key_password is not None else ""


def _set_verification(context: ssl.SSLContext, config: TlsConfig, where: str) -> None:
    if config.verify == "none":
        return
    if config.cafile is None:
        raise ConfigError(
            f'{where}.cafile: verify = "{config.verify}" needs the authorities that client '
            "certificates are from"
        )
    context.verify_mode = _VERIFY[config.verify]
    _load_trusted(context, config.cafile, f"{where}.cafile")
    if config.crlfile is not None:
        _load_trusted(context, config.crlfile, f"{where}.crlfile")
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


def _load_trusted(context: ssl.SSLContext, path: str, key: str) -> None:
    _read(path, key)
    before = context.cert_store_stats()
    try:
        context.load_verify_locations(path)
    except ssl.SSLError as error:
        raise ConfigError(f'{key} = "{path}": {_why(error)}; expected a PEM file') from None
    kind = "crl" if key.endswith("crlfile") else "x509_ca"
    if context.cert_store_stats()[kind] == before[kind]:
        what = "revocation list" if kind == "crl" else "certificate of an authority"
        raise ConfigError(f'{key} = "{path}": there is no {what} in this file')


def _read(path: str, key: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f'{key} = "{path}": cannot read it: {reason}') from None


def _why(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()
