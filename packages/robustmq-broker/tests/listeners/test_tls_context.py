"""Every key of a `tls` table, with real files and both ends of a handshake in memory."""

import ssl
from pathlib import Path
from typing import Any

import pytest

from certificates import Authority, Issued
from robustmq_broker.listeners.tls_config import TlsConfig
from robustmq_broker.listeners.tls_context import host_entry, key_password, tls_context
from robustmq_common.errors import ConfigError

WHERE = "listeners.x.tls"


class Files:
    """An authority, its server, and the config of a listener that uses them."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.server = self.authority.server()

    def config(self, **keys: Any) -> TlsConfig:
        base = {"certfile": str(self.server.certificate), "keyfile": str(self.server.key)}
        return TlsConfig(**(base | keys))

    def client(self, issued: Issued | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority.file))
        if issued is not None:
            context.load_cert_chain(issued.certificate, issued.key)
        return context


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


class Ends:
    """A client and a server, and the four buffers between them."""

    def __init__(
        self,
        server: ssl.SSLContext,
        client: ssl.SSLContext,
        session: ssl.SSLSession | None = None,
        name: str = "localhost",
    ) -> None:
        up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.server = server.wrap_bio(up, down, server_side=True)
        self.client = client.wrap_bio(down, up, server_hostname=name, session=session)

    def handshake(self) -> "Ends":
        """Raises ssl.SSLError of the end that refuses."""
        done: set[ssl.SSLObject] = set()
        for _ in range(10):
            for end in (self.client, self.server):
                if end in done:
                    continue
                try:
                    end.do_handshake()
                    done.add(end)
                except ssl.SSLWantReadError:
                    pass
            if len(done) == 2:
                break
        assert len(done) == 2
        self.server.write(b"x")
        assert self.client.read(10) == b"x"  # with it comes the ticket, if there is one
        return self


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_versions(files: Files, version: str) -> None:
    server = tls_context(files.config(versions=[version]), WHERE)
    assert Ends(server, files.client()).handshake().client.version() == f"TLSv{version}"
    other = files.client()
    if version == "1.3":
        other.maximum_version = ssl.TLSVersion.TLSv1_2
    else:
        other.minimum_version = ssl.TLSVersion.TLSv1_3
    with pytest.raises(ssl.SSLError):
        Ends(server, other).handshake()


def test_ciphers(files: Files) -> None:
    name = "ECDHE-ECDSA-AES256-GCM-SHA384"
    server = tls_context(files.config(versions=["1.2"], ciphers=name), WHERE)
    chosen = Ends(server, files.client()).handshake().client.cipher()
    assert chosen is not None
    assert chosen[0] == name
    with pytest.raises(ConfigError, match=r'^listeners\.x\.tls\.ciphers = "no-such": OpenSSL'):
        tls_context(files.config(ciphers="no-such"), WHERE)


def test_alpn(files: Files) -> None:
    client = files.client()
    client.set_alpn_protocols(["mqtt", "other"])

    def agreed(**keys: Any) -> str | None:
        server = tls_context(files.config(**keys), WHERE, ("mqtt",))
        return Ends(server, client).handshake().client.selected_alpn_protocol()

    assert agreed() == "mqtt"
    assert agreed(alpn=["other"]) == "other"
    assert agreed(alpn=[]) is None


def test_no_renegotiation_and_no_compression(files: Files) -> None:
    options = tls_context(files.config(), WHERE).options
    assert options & ssl.OP_NO_RENEGOTIATION
    assert options & ssl.OP_NO_COMPRESSION


NO_TICKETS: list[dict[str, Any]] = [
    {"session_tickets": False},
    {"verify": "required"},
    {"verify": "optional"},
]


def resumed(files: Files, version: str, keys: dict[str, Any]) -> bool:
    keys = {"cafile": str(files.authority.file), "versions": [version], **keys}
    server = tls_context(files.config(**keys), WHERE)
    client = files.client(files.authority.client("meter"))
    first = Ends(server, client).handshake()
    # The first stays open: OpenSSL forgets the sessions of those that end without close_notify.
    second = Ends(server, client, first.client.session).handshake()
    return bool(second.client.session_reused)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_sessions_are_resumed_unless_certificates_are_asked_for(files: Files, version: str) -> None:
    assert resumed(files, version, {})


@pytest.mark.parametrize("keys", NO_TICKETS)
def test_no_resumption_in_1_3(files: Files, keys: dict[str, Any]) -> None:
    assert not resumed(files, "1.3", keys)


@pytest.mark.parametrize("keys", NO_TICKETS)
def test_1_2_resumes_by_session_id_all_the_same(files: Files, keys: dict[str, Any]) -> None:
    # From OpenSSL's cache (RFC 5246, 7.4.1.2), which Python's ssl cannot switch off: the
    # description of the key says so.
    assert resumed(files, "1.2", keys)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_ticket_does_not_outlive_a_new_context(files: Files, version: str) -> None:
    # A reload makes a new context, whose ticket keys are new: whoever is revoked by it has a
    # whole handshake, in which the list is looked at.
    crl = files.authority.crl()
    meter = files.authority.client("meter")
    config = files.config(
        cafile=str(files.authority.file),
        crlfile=str(crl),
        verify="required",
        session_tickets=True,
        versions=[version],
    )
    client = files.client(meter)
    before = tls_context(config, WHERE)
    first = Ends(before, client).handshake()
    session = first.client.session
    assert Ends(before, client, session).handshake().client.session_reused
    files.authority.crl(meter, file=crl)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate revoked"):
        Ends(tls_context(config, WHERE), client, session).handshake()


def test_verify_optional(files: Files) -> None:
    config = files.config(cafile=str(files.authority.file), verify="optional")
    server = tls_context(config, WHERE)
    assert Ends(server, files.client()).handshake().server.getpeercert() is None
    meter = files.client(files.authority.client("meter"))
    assert Ends(server, meter).handshake().server.getpeercert()
    other = files.client(Authority(files.authority.folder / "other").client("meter"))
    with pytest.raises(ssl.SSLCertVerificationError):
        Ends(server, other).handshake()


def test_verify_required(files: Files) -> None:
    config = files.config(cafile=str(files.authority.file), verify="required")
    with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
        Ends(tls_context(config, WHERE), files.client()).handshake()
    with pytest.raises(ConfigError, match=r'tls\.cafile: verify = "required" needs'):
        tls_context(files.config(verify="required"), WHERE)


def test_key_passwords(files: Files, tmp_path: Path) -> None:
    files.server = files.authority.server(password="s3cret")
    word = tmp_path / "word"
    word.write_text("s3cret\r\nnot this\n")
    by_file = files.config(key_password_file=str(word))
    assert key_password(by_file, WHERE) == "s3cret"
    for config in (by_file, files.config(key_password="s3cret")):
        Ends(tls_context(config, WHERE), files.client()).handshake()
    for wrong in (files.config(key_password="wr0ng"), files.config()):
        with pytest.raises(ConfigError, match="key_password does not open it") as caught:
            tls_context(wrong, WHERE)
        assert "wr0ng" not in str(caught.value)


@pytest.mark.parametrize("key", ["certfile", "keyfile", "cafile", "crlfile", "key_password_file"])
def test_a_file_that_is_not_there_is_named(files: Files, key: str) -> None:
    keys = {"cafile": str(files.authority.file), "verify": "required", key: "/no/such.pem"}
    with pytest.raises(ConfigError, match=rf'tls\.{key} = "/no/such\.pem": cannot read it: no'):
        tls_context(files.config(**keys), WHERE)


def test_files_with_something_else_in_them(files: Files) -> None:
    key, ca = str(files.server.key), str(files.authority.file)
    with pytest.raises(ConfigError, match=r"tls\.cafile = "):
        tls_context(files.config(cafile=key, verify="required"), WHERE)
    with pytest.raises(ConfigError, match="there is no revocation list in this file"):
        tls_context(files.config(cafile=ca, crlfile=ca, verify="required"), WHERE)
    with pytest.raises(ConfigError, match=r"tls\.keyfile = "):
        tls_context(files.config(keyfile=str(files.authority.server().key)), WHERE)
    with pytest.raises(ConfigError, match="a listener with TLS needs a certificate"):
        tls_context(TlsConfig(), WHERE)


def test_host_names(files: Files) -> None:
    other = files.authority.server("mq.example.org")
    pair = {"certfile": str(other.certificate), "keyfile": str(other.key)}
    server = tls_context(files.config(sni=[{"hosts": ["*.Example.org"], **pair}]), WHERE)
    Ends(server, files.client(), name="mq.example.org").handshake()
    Ends(server, files.client()).handshake()
    entry = tls_context(files.config(), WHERE)
    assert host_entry({"*.example.org": entry}, "MQ.example.org.") is entry
    assert host_entry({"*.example.org": entry}, "a.b.example.org") is None
