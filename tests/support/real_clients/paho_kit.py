"""paho-mqtt 2.x with its second callback interface and its own network thread."""

from collections.abc import Sequence
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.properties import Properties as PahoProperties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from real_clients.holding import ProgramWillHolder
from real_clients.kit import V5, Collected, Kit, Message, Properties, Subscriber, Will
from real_clients.lines import DEADLINE
from real_clients.paho_properties import (
    publish_properties,
    received_properties,
    session_properties,
)
from wire import unique_id

IN_FLIGHT = 100
"""Messages a publisher sends before it waits for acknowledgements; paho's default is 20."""


class PahoClient(Subscriber):
    """One connection; what its callbacks are told is kept, every wait has a deadline."""

    def __init__(
        self,
        address: tuple[str, int],
        version: int,
        *,
        client_id: str | None = None,
        clean: bool = True,
        properties: PahoProperties | None = None,
        reconnect: bool = False,
    ) -> None:
        self.version = version
        self.collected = Collected()
        self.connack: tuple[mqtt.ConnectFlags, ReasonCode, PahoProperties | None] | None = None
        self.raw: list[mqtt.MQTTMessage] = []
        self.subacks: dict[int, list[ReasonCode]] = {}
        self.published: dict[int, ReasonCode] = {}
        self.connections = 0
        self.disconnected: tuple[mqtt.DisconnectFlags, ReasonCode] | None = None
        self.client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2,
            client_id=unique_id() if client_id is None else client_id,
            clean_session=None if version == V5 else clean,
            protocol=mqtt.MQTTProtocolVersion(version),
            reconnect_on_failure=reconnect,
        )
        self.client.max_inflight_messages_set(IN_FLIGHT)
        self.client.on_connect = self._on_connect
        self.client.on_message = self._on_message
        self.client.on_subscribe = self._on_subscribe
        self.client.on_publish = self._on_publish
        self.client.on_disconnect = self._on_disconnect
        host, port = address
        clean_start = clean if version == V5 else mqtt.MQTT_CLEAN_START_FIRST_ONLY
        self.client.connect(host, port, clean_start=clean_start, properties=properties)
        self.client.loop_start()
        flags, reason, _ = self.collected.wait_for(lambda: self.connack, "CONNACK")
        assert not reason.is_failure, f"CONNECT was refused: {reason}"
        self.session_present = flags.session_present

    # -- what the broker says ------------------------------------------------------------------

    def _on_connect(
        self,
        client: mqtt.Client,
        userdata: Any,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        properties: PahoProperties | None,
    ) -> None:
        self.connack = (flags, reason, properties)
        self.connections += 1
        self.collected.notify()

    def _on_message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        self.raw.append(message)
        properties = received_properties(message.properties) if self.version == V5 else Properties()
        self.collected.add(
            Message(message.topic, bytes(message.payload), message.qos, message.retain, properties)
        )

    def _on_subscribe(
        self,
        client: mqtt.Client,
        userdata: Any,
        packet_id: int,
        reasons: list[ReasonCode],
        properties: PahoProperties | None,
    ) -> None:
        self.subacks[packet_id] = reasons
        self.collected.notify()

    def _on_publish(
        self,
        client: mqtt.Client,
        userdata: Any,
        packet_id: int,
        reason: ReasonCode,
        properties: PahoProperties | None,
    ) -> None:
        self.published[packet_id] = reason
        self.collected.notify()

    def _on_disconnect(
        self,
        client: mqtt.Client,
        userdata: Any,
        flags: mqtt.DisconnectFlags,
        reason: ReasonCode,
        properties: PahoProperties | None,
    ) -> None:
        self.disconnected = (flags, reason)
        self.collected.notify()

    # -- what a test does ----------------------------------------------------------------------

    def wait_for(self, condition: Any, what: str, deadline: float = DEADLINE) -> None:
        """Wait until the condition holds; it is tried again after every callback."""
        self.collected.wait_for(condition, what, deadline)

    def subscribe(
        self,
        *filters: str,
        qos: int = 2,
        options: SubscribeOptions | None = None,
        properties: PahoProperties | None = None,
    ) -> list[ReasonCode]:
        """Subscribe and return the reason codes of SUBACK."""
        wanted = [(name, options if options is not None else qos) for name in filters]
        if self.version == V5 and options is None:
            wanted = [(name, SubscribeOptions(qos=qos)) for name in filters]
        result, packet_id = self.client.subscribe(wanted, properties=properties)  # type: ignore[arg-type]
        assert result == mqtt.MQTT_ERR_SUCCESS
        assert packet_id is not None
        self.wait_for(lambda: packet_id in self.subacks, "SUBACK")
        return self.subacks[packet_id]

    def publish(
        self,
        topic: str,
        *payloads: bytes,
        qos: int = 0,
        retain: bool = False,
        properties: PahoProperties | None = None,
    ) -> Sequence[mqtt.MQTTMessageInfo]:
        """Publish one after another; returns when all are sent and, above QoS 0, acknowledged."""
        sent = [
            self.client.publish(topic, payload, qos, retain, properties) for payload in payloads
        ]
        for one in sent:
            one.wait_for_publish(DEADLINE * 2)
            assert one.is_published(), f"{topic} was not acknowledged in time"
        return sent

    def messages(self, count: int, deadline: float = DEADLINE) -> list[Message]:
        return self.collected.wait_for_messages(count, deadline)

    def ended(self) -> int | None:
        flags, reason = self.collected.wait_for(
            lambda: self.disconnected, "the end of the connection"
        )
        self.client.loop_stop()
        return reason.value if flags.is_disconnect_packet_from_server else None

    def leave(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


class PahoKit(Kit):
    """Clients are threads of this process; those with a will are processes of their own."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address)
        self._clients: list[PahoClient] = []
        self._holders: list[ProgramWillHolder] = []

    def client(
        self,
        version: int,
        *,
        client_id: str | None = None,
        clean: bool = True,
        properties: PahoProperties | None = None,
        reconnect: bool = False,
    ) -> PahoClient:
        """A connected client that `close` disconnects."""
        client = PahoClient(
            self.address,
            version,
            client_id=client_id,
            clean=clean,
            properties=properties,
            reconnect=reconnect,
        )
        self._clients.append(client)
        return client

    def subscriber(
        self,
        version: int,
        *filters: str,
        qos: int = 2,
        client_id: str | None = None,
        session: bool = False,
    ) -> PahoClient:
        properties = session_properties(version, session)
        client = self.client(version, client_id=client_id, clean=not session, properties=properties)
        reasons = client.subscribe(*filters, qos=qos)
        assert [reason.value for reason in reasons] == [qos] * len(filters)
        return client

    def publish(
        self,
        version: int,
        topic: str,
        *payloads: bytes,
        qos: int = 0,
        retain: bool = False,
        properties: Properties | None = None,
    ) -> None:
        client = self.client(version)
        client.publish(
            topic,
            *payloads,
            qos=qos,
            retain=retain,
            properties=publish_properties(version, properties),
        )
        client.leave()

    def will_holder(self, version: int, will: Will) -> ProgramWillHolder:
        holder = ProgramWillHolder("with_paho.py", self.address, version, will)
        self._holders.append(holder)
        return holder

    def close(self) -> None:
        for client in self._clients:
            client.leave()
        for holder in self._holders:
            holder.kill()
