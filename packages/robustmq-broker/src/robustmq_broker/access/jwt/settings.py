"""[P] The configuration table [jwt]."""

from typing import Literal

from pydantic import Field

from robustmq_common.config.model import Bytes, Seconds, Secret, Section

Algorithm = Literal[
    "HS256",
    "HS384",
    "HS512",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
]


class JwtConfig(Section):
    """JSON Web Tokens: the authenticator and the authorizer "jwt"."""

    field: Literal["password", "username"] = Field(
        "password", description="The field of CONNECT that has the token."
    )
    algorithms: list[Algorithm] = Field(
        default_factory=list,
        max_length=13,
        description=(
            "Signature algorithms to accept; none is unless it is listed. A key verifies only "
            "what is made for it: a public key is never taken for an HMAC secret."
        ),
    )
    secret: Secret | None = Field(
        None,
        description=(
            "Secret shared with the issuer, for HS256, HS384 and HS512: at least 32, 48, 64 bytes."
        ),
    )
    secret_file: str | None = Field(
        None, description="File with that secret; a line feed at its end does not count."
    )
    secret_base64: bool = Field(False, description="Whether the secret is written in Base64.")
    public_key_file: str | None = Field(
        None,
        description="PEM file with the issuer's public key, or with several, of which any may fit.",
    )
    jwks_url: str | None = Field(
        None,
        max_length=2048,
        pattern=r"^https?://[^\s/?#]+[^\s]*$",
        description="Address of the issuer's JWK Set, http:// or https://.",
    )
    jwks_refresh: Seconds = Field(
        300.0, ge=1, le=86_400, description="How often the JWK Set is fetched again."
    )
    jwks_retry: Seconds = Field(
        10.0,
        ge=1,
        le=3600,
        description=(
            "Shortest time between two fetches, for tokens with an unknown key identifier and "
            "after a failure."
        ),
    )
    jwks_max_age: Seconds = Field(
        86_400.0,
        ge=1,
        le=2_592_000,
        description="How long the last good JWK Set is used while no new one can be fetched.",
    )
    jwks_timeout: Seconds = Field(
        5.0, ge=0.1, le=60, description="How long one fetch may take in all."
    )
    jwks_max_size: Bytes = Field(
        262_144, ge=256, le=4_194_304, description="Largest JWK Set accepted."
    )
    jwks_max_keys: int = Field(64, ge=1, le=1000, description="Most keys of a JWK Set.")
    jwks_ca_file: str | None = Field(
        None,
        description="PEM file of the authorities for the JWK Set's server.",
    )
    leeway: Seconds = Field(
        5.0, ge=0, le=600, description="How much the issuer's clock may differ from ours."
    )
    require_exp: bool = Field(
        True, description="Whether a token that never expires (without a claim exp) is refused."
    )
    issuers: list[str] = Field(
        default_factory=list,
        max_length=32,
        description="Accepted values of claim iss; all if empty.",
    )
    audiences: list[str] = Field(
        default_factory=list,
        max_length=32,
        description=(
            "Our names: a token with a claim aud has to have one of them, and if any is given, "
            "every token needs one."
        ),
    )
    verify_claims: dict[str, str] = Field(
        default_factory=dict,
        max_length=32,
        description=(
            'Claims that a token must have, and their text; "${clientid}" and "${username}" stand '
            "for what CONNECT says."
        ),
    )
    username_claim: str | None = Field(
        None,
        min_length=1,
        max_length=256,
        description="Claim that becomes the client's user name; unset, it keeps the one it gave.",
    )
    superuser_claim: str | None = Field(
        None,
        min_length=1,
        max_length=256,
        description="Claim that makes the client a superuser if it is true; unset, none does.",
    )
    acl_claim: str = Field(
        "acl",
        min_length=1,
        max_length=256,
        description='Claim with the rules that the authorizer "jwt" goes by.',
    )
    disconnect_at_expiry: bool = Field(
        True, description="Whether a client is disconnected when its token expires."
    )
    max_length: Bytes = Field(
        8192, ge=256, le=65_535, description="Longest token that is looked at."
    )
