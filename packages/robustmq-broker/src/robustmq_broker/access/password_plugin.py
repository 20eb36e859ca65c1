"""[A] The authenticators for passwords enter like any third party's: through an entry point."""

from typing import Any

from robustmq_broker.access.hashing.hash_pool import SECTION as HASHING
from robustmq_broker.access.hashing.hashing_config import HashingConfig
from robustmq_broker.access.password_file.password_file_authenticator import (
    PasswordFileAuthenticator,
)
from robustmq_broker.access.password_file.password_file_config import PasswordFileConfig
from robustmq_broker.access.scram.scram_authenticator import (
    ScramAuthenticator,
    ScramSha256,
    ScramSha512,
)
from robustmq_broker.access.users.users_authenticator import UsersAuthenticator
from robustmq_broker.access.users.users_config import UsersConfig
from robustmq_common.plugins import hookimpl
from robustmq_common.spi.access import Authenticator, EnhancedAuthenticator


@hookimpl
def robustmq_config_sections() -> dict[str, type[Any]]:
    """`[users]`, `[password_file]` and `[password_hashing]`."""
    return {"users": UsersConfig, "password_file": PasswordFileConfig, HASHING: HashingConfig}


@hookimpl
def robustmq_authenticators() -> list[type[Authenticator]]:
    """The authenticators "users", "scram" and "password_file"."""
    return [UsersAuthenticator, ScramAuthenticator, PasswordFileAuthenticator]


@hookimpl
def robustmq_enhanced_authenticators() -> list[type[EnhancedAuthenticator]]:
    """The methods of "scram"."""
    return [ScramSha256, ScramSha512]
