"""The table [certificate]."""

import pytest
from pydantic import ValidationError

from robustmq_broker.access.certificate.settings import CertificateConfig


def test_defaults() -> None:
    config = CertificateConfig()
    assert (config.username, config.client_id, config.allow) == ("cn", "none", True)


def test_refused() -> None:
    with pytest.raises(ValidationError):
        CertificateConfig.model_validate({"username": "pem"})
