"""[A] Access services over HTTP enter like any third party's links: through an entry point."""

from typing import Any

from robustmq_broker.access.http.authenticator import HttpAuthenticator
from robustmq_broker.access.http.authorizer import HttpAuthorizer
from robustmq_broker.access.http.settings import HttpAclConfig, HttpAuthConfig
from robustmq_common.plugins import hookimpl
from robustmq_common.spi.access import Authenticator, Authorizer


@hookimpl
def robustmq_config_sections() -> dict[str, type[Any]]:
    """The tables [http_auth] and [http_acl]."""
    return {"http_auth": HttpAuthConfig, "http_acl": HttpAclConfig}


@hookimpl
def robustmq_authenticators() -> list[type[Authenticator]]:
    """The authenticator "http"."""
    return [HttpAuthenticator]


@hookimpl
def robustmq_authorizers() -> list[type[Authorizer]]:
    """The authorizer "http"."""
    return [HttpAuthorizer]
