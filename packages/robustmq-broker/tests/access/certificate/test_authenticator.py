"""The authenticator "certificate": names, and whether they are enough."""

from typing import Any

import pytest

from memory_loop import run_to_end
from robustmq_broker.access.certificate.authenticator import CertificateAuthenticator
from robustmq_broker.access.certificate.settings import CertificateConfig
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, AuthResult, Certificate, ClientInfo
from robustmq_common.testing import FakeServices

CERTIFICATE = Certificate("CN=meter-7", "meter-7")


def new_client(certificate: Certificate | None = CERTIFICATE) -> ClientInfo:
    return ClientInfo("c", "ann", "127.0.0.1:1", "tls", "MQTT 5.0", certificate=certificate)


def ask(client: ClientInfo, **config: Any) -> AuthResult:
    one = CertificateAuthenticator()
    one.start(FakeServices({"certificate": CertificateConfig.model_validate(config)}))
    result: AuthResult = run_to_end(one.authenticate(client, b"pw"))
    return result


@pytest.mark.parametrize(
    ("config", "verdict", "names"),
    [
        ({}, ALLOW, ("c", "meter-7")),
        ({"allow": False}, IGNORE, ("c", "meter-7")),
        ({"client_id": "cn"}, ALLOW, ("meter-7", "meter-7")),
        ({"client_id": "cn", "username": "none"}, ALLOW, ("meter-7", "ann")),
        ({"username": "none"}, ALLOW, ("c", "ann")),
    ],
)
def test_names(config: dict[str, Any], verdict: int, names: tuple[str, str]) -> None:
    client = new_client()
    assert ask(client, **config).verdict == verdict
    assert (client.client_id, client.username) == names


def test_without_a_certificate_it_has_no_opinion() -> None:
    client = new_client(None)
    assert ask(client).verdict == IGNORE
    assert client == new_client(None)


def test_a_certificate_without_the_name_is_denied() -> None:
    client = new_client()
    result = ask(client, username="cn", client_id="san_dns")
    assert (result.verdict, result.reason_code) == (DENY, 0x87)
    assert client == new_client()
