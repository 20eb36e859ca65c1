"""[D] The authenticator "jwt": who shows a token that we believe is who the token says."""

import base64
import binascii
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from robustmq_broker.access.http.client import HttpClient, Response, tls_context
from robustmq_broker.access.jwt.acl import read_acl
from robustmq_broker.access.jwt.claims import ClaimRules, check_claims, user_name
from robustmq_broker.access.jwt.jwks import JwksKeys
from robustmq_broker.access.jwt.keys import BadKey, VerifyKey, public_keys, secret_key
from robustmq_broker.access.jwt.settings import JwtConfig
from robustmq_broker.access.jwt.token import BadToken, NotAToken, Token, parse_token
from robustmq_broker.access.jwt.verify import Signatures, candidates
from robustmq_common.errors import ConfigError
from robustmq_common.spi.access import ALLOW, DENY, IGNORE, AuthResult, ClientInfo
from robustmq_common.spi.services import BrokerServices

Found = TypeVar("Found")
BAD_USER_NAME_OR_PASSWORD = 0x86


class JwtAuthenticator:
    """Verifies the token in a client's password, or in its user name.

    What is no token is none of its business; a token that fails any check is a denial.
    """

    name = "jwt"

    def start(self, services: BrokerServices) -> None:
        """Read the keys. Raises ConfigError."""
        self._services = services
        self._config: JwtConfig = services.section("jwt")
        check_config(self._config)
        self._signatures = Signatures(self._config.algorithms)
        self._keys = local_keys(self._config)
        self._rules = claim_rules(self._config)
        self._client: HttpClient | None = None
        self._jwks: JwksKeys | None = None
        if self._config.jwks_url is not None:
            self._start_jwks(self._config, self._config.jwks_url)

    async def stop(self) -> None:
        """Close what `start` opened."""
        if self._client is not None:
            await self._client.close()

    async def authenticate(self, client: ClientInfo, password: bytes | None) -> AuthResult:
        """Allow whoever has a good token, and note on `client` what it says."""
        config = self._config
        in_name = config.field == "username"
        text = password
        if in_name:
            text = client.username.encode() if client.username else None
        if text is None:
            return AuthResult(IGNORE)
        try:
            token = parse_token(text, config.max_length)
            if in_name:
                client.username = None
            await self._accept(client, token)
        except NotAToken:
            return AuthResult(IGNORE)
        except BadToken as error:
            if in_name:
                client.username = None  # a token is not for logs, a bad one neither
            self._services.metrics.count("authentication.jwt.denied")
            return AuthResult(DENY, BAD_USER_NAME_OR_PASSWORD, str(error))
        self._services.metrics.count("authentication.jwt.allowed")
        return AuthResult(ALLOW)

    async def _accept(self, client: ClientInfo, token: Token) -> None:
        """Check everything, then note it all: a denied client is left as it was."""
        config = self._config
        self._signatures.check_algorithm(token)
        keys = candidates(token, self._keys)
        if not keys and self._jwks is not None:
            keys = await self._jwks.find(token)
        claims = self._signatures.claims(token, keys)
        expires_at = check_claims(claims, self._rules, client, self._services.clock.wall)
        name = client.username
        if config.username_claim is not None:
            name = user_name(claims, config.username_claim)
        acl = read_acl(claims[config.acl_claim]) if config.acl_claim in claims else None
        client.username = name
        client.acl = acl
        if config.superuser_claim is not None:
            client.is_superuser = claims.get(config.superuser_claim) is True
        if config.disconnect_at_expiry:
            client.expires_at = expires_at

    def _start_jwks(self, config: JwtConfig, url: str) -> None:
        http = self._client = HttpClient(
            config.jwks_timeout,
            config.jwks_timeout,
            connections=1,
            max_size=config.jwks_max_size,
            tls=tls_context(url, config.jwks_ca_file),
        )

        async def fetch() -> Response:
            return await http.ask("GET", url, {"Accept": "application/json"})

        self._jwks = JwksKeys(
            self._services,
            fetch,
            config.jwks_refresh,
            config.jwks_retry,
            config.jwks_max_age,
            config.jwks_max_keys,
        )
        self._jwks.start()


def check_config(config: JwtConfig) -> None:
    """Refuse what cannot work. Raises ConfigError."""
    if not config.algorithms:
        raise ConfigError(
            "jwt.algorithms is empty: list the algorithms that tokens may be signed with, "
            'such as ["RS256"]'
        )
    if config.secret is not None and config.secret_file is not None:
        raise ConfigError("jwt.secret and jwt.secret_file are both set: which one is it?")
    symmetric = any(one.startswith("HS") for one in config.algorithms)
    has_secret = config.secret is not None or config.secret_file is not None
    if has_secret and not symmetric:
        raise ConfigError("jwt.secret is set, but jwt.algorithms has no HS256, HS384 or HS512")
    if not has_secret and config.public_key_file is None and config.jwks_url is None:
        raise ConfigError(
            "the authenticator jwt has no key: set jwt.secret_file, jwt.public_key_file or "
            "jwt.jwks_url"
        )
    if config.field == "username" and "${username}" in config.verify_claims.values():
        raise ConfigError(
            "jwt.verify_claims has ${username}, but jwt.field says that the user name is the token"
        )


def claim_rules(config: JwtConfig) -> ClaimRules:
    """The part of the configuration that is about claims."""
    return ClaimRules(
        config.leeway,
        config.require_exp,
        tuple(config.issuers),
        tuple(config.audiences),
        config.verify_claims,
    )


def local_keys(config: JwtConfig) -> list[VerifyKey]:
    """The keys that are configured or in files. Raises ConfigError."""
    keys: list[VerifyKey] = []
    if config.secret is not None:
        secret = config.secret.get_secret_value().encode()
        keys.append(_readable("jwt.secret", lambda: _secret(secret, config)))
    elif config.secret_file is not None:
        path = config.secret_file
        keys.append(_readable("jwt.secret_file", lambda: _secret(_file(path), config)))
    if config.public_key_file is not None:
        path_of_key = config.public_key_file
        keys += _readable("jwt.public_key_file", lambda: public_keys(_file(path_of_key)))
    return keys


def _file(path: str) -> bytes:
    return Path(path).read_bytes().removesuffix(b"\n")


def _secret(secret: bytes, config: JwtConfig) -> VerifyKey:
    if config.secret_base64:
        try:
            secret = base64.b64decode(secret, validate=True)
        except binascii.Error:
            raise BadKey("it is not Base64") from None
    return secret_key(secret, config.algorithms)


def _readable(key: str, read: Callable[[], Found]) -> Found:
    try:
        return read()
    except OSError as error:
        raise ConfigError(f"{key}: {error.filename}: {error.strerror}") from error
    except BadKey as error:
        raise ConfigError(f"{key}: {error}") from error
