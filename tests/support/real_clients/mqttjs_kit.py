"""MQTT.js: a node process holds the clients and is told what to do, line by line."""

import base64
import itertools
import json
from pathlib import Path
from typing import Any

from real_clients.kit import (
    SESSION_SECONDS,
    V5,
    V31,
    Collected,
    Kit,
    Message,
    Properties,
    Subscriber,
    Will,
    WillHolder,
)
from real_clients.lines import DEADLINE, LineProcess
from real_clients.needed import need_node_module, need_program
from wire import unique_id

DRIVER = Path(__file__).parents[2] / "integration" / "js" / "client.mjs"
_NAMES = {
    "content_type": "contentType",
    "response_topic": "responseTopic",
    "message_expiry": "messageExpiryInterval",
}

Json = dict[str, Any]


class NodeProcess(LineProcess):
    """A node that runs client.mjs."""

    def __init__(self) -> None:
        node = need_program("node", "nodejs")
        need_node_module("mqtt")
        self.answers: dict[int, Json] = {}
        self.clients: dict[str, JsClient] = {}
        self._calls = itertools.count()
        super().__init__([node, str(DRIVER)])

    def take(self, line: str) -> None:
        if not line.startswith("{"):
            super().take(line)
            return
        said = json.loads(line)
        if "call" in said:
            self.answers[said["call"]] = said
        else:
            if said["event"] != "message":
                super().take(line)
            self.clients[said["client"]].happened(said)

    def call(self, do: str, deadline: float = DEADLINE, **given: Any) -> Json:
        """Run a command of client.mjs and return its answer."""
        number = next(self._calls)
        self.tell(json.dumps({"call": number, "do": do, **given}))
        answer = self.wait_for(lambda: self.answers.pop(number, None), f"{do} to end", deadline)
        assert "error" not in answer, f"{do} failed: {answer['error']}"
        return answer


class JsClient(Subscriber):
    """One MQTT.js client in the node process."""

    def __init__(self, node: NodeProcess, options: Json) -> None:
        self.node = node
        self.name = unique_id()
        self.collected = Collected()
        self.reason: int | None = None
        self.closed = False
        self.connections = 0
        node.clients[self.name] = self
        answer = node.call("connect", client=self.name, options=options)
        self.session_present = answer["sessionPresent"]

    def happened(self, said: Json) -> None:
        """Called with every event of this client."""
        if said["event"] == "message":
            self.collected.add(_message(said))
            return
        if said["event"] == "disconnect":
            self.reason = said["reasonCode"]
        elif said["event"] == "close":
            self.closed = True
        elif said["event"] == "connect":
            self.connections += 1
        self.collected.notify()

    def subscribe(self, *filters: str, qos: int = 2, **options: Any) -> list[int]:
        """Subscribe and return what SUBACK granted."""
        answer = self.node.call(
            "subscribe", client=self.name, filters=filters, options={"qos": qos, **options}
        )
        granted: list[int] = answer["granted"]
        return granted

    def publish(
        self,
        topic: str,
        *payloads: bytes,
        qos: int = 0,
        retain: bool = False,
        properties: Json | None = None,
    ) -> None:
        """Publish one after another; returns when all are acknowledged."""
        self.node.call(
            "publish",
            50,
            client=self.name,
            topic=topic,
            payloads=[_text(payload) for payload in payloads],
            qos=qos,
            retain=retain,
            properties=properties,
        )

    def messages(self, count: int, deadline: float = DEADLINE) -> list[Message]:
        return self.collected.wait_for_messages(count, deadline)

    def ended(self) -> int | None:
        self.collected.wait_for(lambda: self.closed, "the end of the connection")
        return self.reason

    def leave(self) -> None:
        self.node.call("end", client=self.name)


class JsWillHolder(WillHolder):
    """A node process with one client."""

    def __init__(self, options: Json) -> None:
        self.node = NodeProcess()
        try:
            self.client = JsClient(self.node, options)
        except AssertionError:
            self.node.kill()
            raise

    def kill(self) -> None:
        self.node.kill()

    def leave(self) -> None:
        self.client.leave()
        self.node.kill()


class MqttJsKit(Kit):
    """All clients but those with a will are in one node process, which the caller ends."""

    def __init__(self, address: tuple[str, int], node: NodeProcess) -> None:
        super().__init__(address)
        self.node = node
        self._clients: list[JsClient] = []
        self._holders: list[JsWillHolder] = []

    def options(self, version: int, client_id: str | None = None, clean: bool = True) -> Json:
        """What `mqtt.connect` is given."""
        host, port = self.address
        return {
            "host": host,
            "port": port,
            "protocolVersion": version,
            "protocolId": "MQIsdp" if version == V31 else "MQTT",
            "clientId": client_id or unique_id(),
            "clean": clean,
            "reconnectPeriod": 0,
        }

    def client(self, options: Json) -> JsClient:
        """A connected client that `close` disconnects."""
        client = JsClient(self.node, options)
        self._clients.append(client)
        return client

    def subscriber(
        self,
        version: int,
        *filters: str,
        qos: int = 2,
        client_id: str | None = None,
        session: bool = False,
    ) -> JsClient:
        options = self.options(version, client_id, not session)
        if version == V5 and session:
            options["properties"] = {"sessionExpiryInterval": SESSION_SECONDS}
        client = self.client(options)
        assert client.subscribe(*filters, qos=qos) == [qos] * len(filters)
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
        client = self.client(self.options(version))
        made = None if properties is None else _properties_in(properties)
        client.publish(topic, *payloads, qos=qos, retain=retain, properties=made)
        client.leave()

    def will_holder(self, version: int, will: Will) -> JsWillHolder:
        options = self.options(version)
        options["will"] = {
            "topic": will.topic,
            "payload": _text(will.payload),
            "qos": will.qos,
            "retain": will.retain,
        }
        if will.delay:
            options["properties"] = {"sessionExpiryInterval": SESSION_SECONDS}
            options["will"]["properties"] = {"willDelayInterval": will.delay}
        holder = JsWillHolder(options)
        self._holders.append(holder)
        return holder

    def close(self) -> None:
        for client in self._clients:
            client.leave()
        for holder in self._holders:
            holder.kill()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _properties_in(properties: Properties) -> Json:
    """As MQTT.js wants them: user properties are an object with a list for each name."""
    made: Json = {}
    for attribute, name in _NAMES.items():
        if getattr(properties, attribute) is not None:
            made[name] = getattr(properties, attribute)
    if properties.correlation_data is not None:
        made["correlationData"] = _text(properties.correlation_data)
    if properties.user:
        user: dict[str, list[str]] = {}
        for key, value in properties.user:
            user.setdefault(key, []).append(value)
        made["userProperties"] = user
    return made


def _properties_out(given: Json) -> Properties:
    user: list[tuple[str, str]] = []
    for key, values in given.get("userProperties", {}).items():
        user += [(key, value) for value in ([values] if isinstance(values, str) else values)]
    correlation = given.get("correlationData")
    return Properties(
        user=tuple(user),
        content_type=given.get("contentType"),
        response_topic=given.get("responseTopic"),
        correlation_data=None if correlation is None else base64.b64decode(correlation),
        message_expiry=given.get("messageExpiryInterval"),
    )


def _message(said: Json) -> Message:
    return Message(
        said["topic"],
        base64.b64decode(said["payload"]),
        said["qos"],
        said["retain"],
        _properties_out(said["properties"]),
    )
