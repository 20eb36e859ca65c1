"""Certificates for development."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from robustmq_cli.server.tls.authority import FILES, make_certificates
from robustmq_common.errors import CallerError


def test_keys_fit_and_the_authority_has_signed() -> None:
    files = make_certificates(["mq.example.org", "127.0.0.1"])
    assert tuple(files) == FILES
    made = {
        name: x509.load_pem_x509_certificate(files[f"{name}.pem"])
        for name in ("ca", "server", "client")
    }
    for name, certificate in made.items():
        certificate.verify_directly_issued_by(made["ca"])
        key = load_pem_private_key(files[f"{name}.key"], None)
        assert key.public_key() == certificate.public_key()
    names = made["server"].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mq.example.org"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]


@pytest.mark.parametrize("host", ["", "a b", "ä.example", "x" * 65, "mq:8883"])
def test_what_is_no_host(host: str) -> None:
    with pytest.raises(CallerError, match="expected a host name"):
        make_certificates([host])
