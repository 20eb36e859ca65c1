"""[A] Access services over HTTP enter like any third party's links: through an entry point."""

from typing import Any

from robustmq_broker.access.http.authenticator import HttpAuthenticator
from robustmq_broker.access.http.settings import HttpAuthConfig
from robustmq_common.plugins import hookimpl
from robustmq_common.spi.access import Authenticator


@hookimpl
def robustmq_config_sections() -> dict[str, type[Any]]:
    """The table [http_auth]."""
    return {"http_auth": HttpAuthConfig}


@hookimpl
def robustmq_authenticators() -> list[type[Authenticator]]:
    """The authenticator "http"."""
    return [HttpAuthenticator]
