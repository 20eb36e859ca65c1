"""[H] AUTH: enhanced authentication and re-authentication (section 4.12)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from robustmq_mqtt.codec.disconnect_auth import decode_auth, encode_auth
from robustmq_mqtt.codec.errors import ProtocolViolation
from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.reason_codes import (
    BAD_AUTHENTICATION_METHOD,
    CONTINUE_AUTHENTICATION,
    DISCONNECT_CODES,
    NOT_AUTHORIZED,
    REAUTHENTICATE,
    SUCCESS,
)
from robustmq_mqtt.connect_complete import complete_connect
from robustmq_mqtt.connection_state import CLOSED, CONNECTED
from robustmq_mqtt.expiry import watch_expiry

if TYPE_CHECKING:
    from robustmq_mqtt.connection import Connection

ALLOW = 1
DENY = 2


def begin_exchange(connection: Connection, method: str, data: bytes | None) -> None:
    """CONNECT named an Authentication Method: ask the plugin that knows it."""
    context = connection.context
    authenticator = context.services.enhanced_authenticator(method, connection.client.listener)
    if authenticator is None:
        connection.refuse(BAD_AUTHENTICATION_METHOD, f"no authentication method {method!r} here")
        return
    connection.auth_method = method
    if begin(connection, authenticator, False):
        step(connection, data)


def handle_auth(connection: Connection, data: bytes, body: int, end: int) -> None:
    """The client's next step, or the wish to authenticate again."""
    packet = decode_auth(data, body, end)
    properties = packet.properties
    method = None if properties is None else properties.authentication_method
    if connection.auth_method is None or method != connection.auth_method:
        # [MQTT-4.12.0-7], [MQTT-4.12.1-1]
        raise ProtocolViolation("AUTH with another Authentication Method than CONNECT")
    sent = None if properties is None else properties.authentication_data
    if packet.reason_code == REAUTHENTICATE:
        if connection.state != CONNECTED:
            raise ProtocolViolation("re-authentication before the connection is accepted")
        if connection.exchange is not None:
            raise ProtocolViolation("re-authentication while one is under way")
        services = connection.context.services
        authenticator = services.enhanced_authenticator(method, connection.client.listener)
        if begin(connection, authenticator, True):
            step(connection, sent)
    elif packet.reason_code == CONTINUE_AUTHENTICATION:
        if connection.exchange is None:
            raise ProtocolViolation("AUTH without an exchange under way")
        step(connection, sent)
    else:
        raise ProtocolViolation("a client does not send AUTH with reason code 0")


def begin(connection: Connection, authenticator: Any, again: bool) -> bool:
    """Have the plugin start an exchange; its failure to is a denial."""
    try:
        connection.exchange = authenticator.begin(connection.client, again)
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises
        plugin_failed(connection, error)
        return False
    return True


def step(connection: Connection, data: bytes | None) -> None:
    """Let the plugin think; meanwhile nothing more is read from this client."""
    connection.suspend()
    connection.awaits_answer = True
    work = connection.exchange.step(data)
    connection.context.services.run(work, Stepped(connection).done)


@final
class Stepped:
    """The callback of one step of an exchange."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def done(self, result: Any, error: Exception | None) -> None:
        connection = self.connection
        connection.awaits_answer = False
        if connection.state == CLOSED:
            return
        if error is not None or result is None:
            plugin_failed(connection, error)
        elif result.verdict == ALLOW:
            succeed(connection, result.data)
        elif result.verdict == DENY:
            fail(connection, result.reason_code or NOT_AUTHORIZED, result.reason)
        else:
            connection.send(
                encode_auth(CONTINUE_AUTHENTICATION, auth_properties(connection, result.data))
            )
            connection.resume()


def plugin_failed(connection: Connection, error: Exception | None) -> None:
    connection.context.log.error(
        "authentication method failed; it counts as a denial",
        peer=connection.transport.peer,
        method=connection.auth_method,
        exc_info=error,
    )
    fail(connection, NOT_AUTHORIZED, "the authentication method failed")


def succeed(connection: Connection, data: bytes | None) -> None:
    connection.exchange = None
    if connection.state == CONNECTED:
        connection.decisions = None  # it may be someone else now
        connection.access_changed()
        connection.send(encode_auth(SUCCESS, auth_properties(connection, data)))
        watch_expiry(connection)
        connection.resume()
        return
    complete_connect(connection, data)


def fail(connection: Connection, code: int, reason: str) -> None:
    """A failed exchange ends the connection, a re-authentication too [MQTT-4.12.1-2]."""
    connection.exchange = None
    if connection.state == CONNECTED:
        # Plugins say what CONNACK says; the table of DISCONNECT is shorter [MQTT-3.14.2-1].
        if code < 0x80 or code == BAD_AUTHENTICATION_METHOD or code not in DISCONNECT_CODES:
            code = NOT_AUTHORIZED
        connection.disconnect(code, reason or "re-authentication failed")
    else:
        connection.refuse(code, reason or "authentication failed")


def auth_properties(connection: Connection, data: bytes | None) -> Properties:
    properties = Properties()
    properties.authentication_method = connection.auth_method
    properties.authentication_data = data
    return properties
