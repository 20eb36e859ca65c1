"""[P] The configuration tables [http_auth] and [http_acl]."""

from typing import Literal

from pydantic import Field

from robustmq_common.config.model import Bytes, Seconds, Secret, Section


class HttpServiceConfig(Section):
    """A service that is asked over HTTP."""

    url: str | None = Field(
        None,
        max_length=2048,
        pattern=r"^https?://[^\s/?#$]+[^\s#]*$",
        description="Address to ask, http:// or https://; path and query may have placeholders.",
    )
    method: Literal["post", "get"] = Field(
        "post", description="With get, `body` becomes the query of the address."
    )
    headers: dict[str, Secret] = Field(
        default_factory=dict, max_length=32, description="Headers to send; they are not shown."
    )
    encoding: Literal["json", "form"] = Field("json", description="How a POST writes its body.")
    timeout: Seconds = Field(5.0, ge=0.05, le=60, description="How long an answer may take in all.")
    connect_timeout: Seconds = Field(
        2.0, ge=0.05, le=60, description="How long a connection to the service may take."
    )
    connections: int = Field(
        8, ge=1, le=1000, description="Connections to the service, and requests at the same time."
    )
    max_waiting: int = Field(
        1000,
        ge=0,
        le=1_000_000,
        description="Requests that may wait for one of these; more clients are told to come later.",
    )
    max_answer: Bytes = Field(
        65_536, ge=64, le=1_048_576, description="Largest answer that is read."
    )
    breaker_failures: int = Field(
        5,
        ge=1,
        le=10_000,
        description="Failures in a row after which the service is left alone for a while.",
    )
    breaker_time: Seconds = Field(
        5.0, ge=0.1, le=3600, description="How long it is left alone until one request tries."
    )
    ca_file: str | None = Field(
        None, description="PEM file of the authorities for https://; unset, those of the system."
    )
    cert_file: str | None = Field(None, description="PEM file of our certificate for the service.")
    key_file: str | None = Field(None, description="PEM file of the key for `cert_file`.")


class HttpAuthConfig(HttpServiceConfig):
    """The authenticator "http": a service says who may come in."""

    body: dict[str, str] = Field(
        default_factory=lambda: {
            "clientid": "${clientid}",
            "username": "${username}",
            "password": "${password}",
            "peerhost": "${peerhost}",
        },
        max_length=64,
        description="What to send: names, and values with placeholders.",
    )


class HttpAclConfig(HttpServiceConfig):
    """The authorizer "http": a service says who may publish and subscribe to what."""

    body: dict[str, str] = Field(
        default_factory=lambda: {
            "clientid": "${clientid}",
            "username": "${username}",
            "peerhost": "${peerhost}",
            "action": "${action}",
            "topic": "${topic}",
            "qos": "${qos}",
            "retain": "${retain}",
        },
        max_length=64,
        description="What to send: names, and values with placeholders.",
    )
