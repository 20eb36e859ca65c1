"""[A] The MQTT protocol pack: its entry point and the wiring of its parts."""

from collections.abc import Iterator
from typing import Any

from robustmq_common.plugins import hookimpl
from robustmq_common.spi.access import Certificate, ClientInfo
from robustmq_common.spi.pack import Transport
from robustmq_common.spi.services import BrokerServices
from robustmq_mqtt.access_changes import AbsentSessions
from robustmq_mqtt.config import MqttConfig
from robustmq_mqtt.connection import Connection
from robustmq_mqtt.connection_state import CONNECTED
from robustmq_mqtt.context import Context
from robustmq_mqtt.gauges import register_gauges
from robustmq_mqtt.session_load import load
from robustmq_mqtt.session_store import WriteThroughStore
from robustmq_mqtt.shutdown import begin_shutdown
from robustmq_mqtt.sys_topics import SysTopics


class MqttPack:
    """MQTT 3.1, 3.1.1 and 5.0."""

    name = "mqtt"

    def __init__(self) -> None:
        self.context: Context | None = None
        self.absent: AbsentSessions

    async def start(self, services: BrokerServices) -> None:
        config: MqttConfig = services.section("mqtt")
        store = WriteThroughStore()
        self.context = Context(services, config.limits(), store, new_client)
        store.bind(self.context)
        register_gauges(self.context)
        await load(self.context, store)
        self.absent = AbsentSessions(self.context)
        SysTopics(self.context, config.sys_interval).start()

    def connection(self, transport: Transport) -> Connection:
        assert self.context is not None
        return Connection(self.context, transport)

    def connected(self) -> Iterator[Connection]:
        """The connections whose clients have been let in."""
        assert self.context is not None
        return (one for one in self.context.connections if one.state == CONNECTED)

    def access_changed(self) -> None:
        """Forget what was allowed; look at the subscriptions of those who are away."""
        assert self.context is not None
        self.context.access_epoch += 1
        self.absent.begin()

    def stopping(self) -> None:
        """Tell every client that the server shuts down, and close."""
        assert self.context is not None
        begin_shutdown(self.context)

    async def stop(self) -> None:
        self.context = None


def new_client(
    client_id: str,
    username: str | None,
    peer: str,
    listener: str,
    protocol: str,
    certificate: Certificate | None = None,
) -> ClientInfo:
    return ClientInfo(client_id, username, peer, listener, protocol, certificate=certificate)


@hookimpl
def robustmq_protocol_packs() -> list[type[Any]]:
    """The pack "mqtt"."""
    return [MqttPack]


@hookimpl
def robustmq_config_sections() -> dict[str, type[Any]]:
    """The section `[mqtt]`."""
    return {"mqtt": MqttConfig}


@hookimpl
def robustmq_default_listeners() -> dict[str, dict[str, Any]]:
    """Port 1883 on this machine only."""
    return {"tcp": {"protocol": "mqtt", "transport": "tcp", "bind": "127.0.0.1:1883"}}
