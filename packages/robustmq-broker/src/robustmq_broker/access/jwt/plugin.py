"""[A] JSON Web Tokens enter like any third party's authenticator: through an entry point."""

from typing import Any

from robustmq_broker.access.jwt.authenticator import JwtAuthenticator
from robustmq_broker.access.jwt.authorizer import JwtAuthorizer
from robustmq_broker.access.jwt.settings import JwtConfig
from robustmq_common.plugins import hookimpl
from robustmq_common.spi.access import Authenticator, Authorizer


@hookimpl
def robustmq_config_sections() -> dict[str, type[Any]]:
    """The table [jwt]."""
    return {"jwt": JwtConfig}


@hookimpl
def robustmq_authenticators() -> list[type[Authenticator]]:
    """The authenticator "jwt"."""
    return [JwtAuthenticator]


@hookimpl
def robustmq_authorizers() -> list[type[Authorizer]]:
    """The authorizer "jwt"."""
    return [JwtAuthorizer]
