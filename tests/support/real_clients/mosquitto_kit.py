"""mosquitto_pub and mosquitto_sub, run as people run them."""

import json
import subprocess
from collections.abc import Callable
from typing import Any, Final

from real_clients.kit import (
    SESSION_SECONDS,
    V5,
    VERSION_NAMES,
    Kit,
    Message,
    Properties,
    Subscriber,
    Will,
    WillHolder,
)
from real_clients.lines import DEADLINE, LineProcess
from real_clients.needed import need_program
from wire import unique_id, unique_topic

DEBIAN_PACKAGE: Final = "mosquitto-clients"
_FORMAT: Final = "%j"
_PROPERTY_OPTIONS: Final = {
    "content_type": "content-type",
    "response_topic": "response-topic",
    "message_expiry": "message-expiry-interval",
}


class MessageLines(LineProcess):
    """Keeps messages apart from the other lines."""

    def __init__(self, command: list[str]) -> None:
        self.messages: list[Message] = []
        super().__init__(command)

    def take(self, line: str) -> None:
        if line.startswith("{"):
            self.messages.append(message_from_json(json.loads(line)))
        else:
            super().take(line)


class MosquittoSub(Subscriber):
    """A mosquitto_sub that writes JSON and, because of -d, what it says and hears."""

    def __init__(self, process: MessageLines) -> None:
        self._process = process
        self._process.wait_for_line("Subscribed (mid: ")
        self.session_present = None  # it does not tell

    def messages(self, count: int, deadline: float = DEADLINE) -> list[Message]:
        got = self._process.messages
        self._process.wait_for(lambda: len(got) >= count, f"{count} messages", deadline)
        with self._process.changed:
            return list(got)

    def ended(self) -> int | None:
        line = self._process.wait_for(self._disconnect_line, "DISCONNECT")
        return int(line.rpartition("(")[2].rstrip(")"))

    def _disconnect_line(self) -> str | None:
        return next(
            (one for one in self._process.lines if one.startswith("Received DISCONNECT")), None
        )

    def leave(self) -> None:
        assert self._process.terminate() == 0

    def kill(self) -> None:
        """End the process with SIGKILL, so that no DISCONNECT is sent."""
        self._process.kill()


class MosquittoWillHolder(WillHolder):
    """A mosquitto_sub that leaves after one message.

    SIGTERM would not do: it makes 5.0 clients leave with reason 0x04, which publishes the will.
    """

    def __init__(self, process: LineProcess, farewell: Callable[[], None]) -> None:
        self._process = process
        self._farewell = farewell
        process.wait_for_line("Subscribed (mid: ")

    def kill(self) -> None:
        self._process.kill()

    def leave(self) -> None:
        self._farewell()
        assert self._process.status() == 0

    def leave_with_will(self) -> None:
        """5.0: DISCONNECT with reason 0x04."""
        assert self._process.terminate() == 0


class MosquittoKit(Kit):
    """Every client is a process."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address)
        self.pub = need_program("mosquitto_pub", DEBIAN_PACKAGE)
        self._processes: list[LineProcess] = []

    def server(self, version: int) -> list[str]:
        """The options that say where the server is and what to speak."""
        host, port = self.address
        return ["-h", host, "-p", str(port), "-V", VERSION_NAMES[version]]

    def sub_command(self, version: int) -> list[str]:
        """mosquitto_sub that writes line by line, also what it sends and receives."""
        line_by_line = [need_program("stdbuf", "coreutils"), "-oL"]
        sub = need_program("mosquitto_sub", DEBIAN_PACKAGE)
        return [*line_by_line, sub, *self.server(version), "-d"]

    def start(self, version: int, *options: str) -> LineProcess:
        """A mosquitto_sub that has subscribed and writes what the options say."""
        process = LineProcess([*self.sub_command(version), "-i", unique_id(), *options])
        self._processes.append(process)
        process.wait_for_line("Subscribed (mid: ")
        return process

    def subscriber(
        self,
        version: int,
        *filters: str,
        qos: int = 2,
        client_id: str | None = None,
        session: bool = False,
    ) -> MosquittoSub:
        command = [*self.sub_command(version), "-F", _FORMAT, "-q", str(qos)]
        command += ["-i", client_id or unique_id()]
        if session:
            command += ["-c"]
            if version == V5:
                command += ["-x", str(SESSION_SECONDS)]
        for name in filters:
            command += ["-t", name]
        process = MessageLines(command)
        self._processes.append(process)
        return MosquittoSub(process)

    def publish(
        self,
        version: int,
        topic: str,
        *payloads: bytes,
        qos: int = 0,
        retain: bool = False,
        properties: Properties | None = None,
    ) -> None:
        command = [self.pub, *self.server(version), "-t", topic, "-q", str(qos)]
        command += ["-r"] if retain else []
        command += property_options(properties or Properties())
        if len(payloads) == 1:
            command += ["-s"] if payloads[0] else ["-n"]
            given = payloads[0]
        else:
            command += ["-l"]
            given = b"".join(payload + b"\n" for payload in payloads)
        done = subprocess.run(
            command, input=given, capture_output=True, timeout=DEADLINE * 2, check=False
        )
        assert done.returncode == 0, done.stderr.decode()

    def will_holder(self, version: int, will: Will) -> MosquittoWillHolder:
        farewell = unique_topic()
        command = [*self.sub_command(version), "-i", unique_id(), "-t", farewell, "-C", "1"]
        command += ["--will-topic", will.topic, "--will-payload", will.payload.decode()]
        command += ["--will-qos", str(will.qos)]
        command += ["--will-retain"] if will.retain else []
        if will.delay:
            command += ["-x", str(SESSION_SECONDS)]
            command += ["-D", "will", "will-delay-interval", str(will.delay)]
        process = LineProcess(command)
        self._processes.append(process)
        return MosquittoWillHolder(process, lambda: self.publish(version, farewell, b"go"))

    def close(self) -> None:
        for process in self._processes:
            process.kill()


def property_options(properties: Properties) -> list[str]:
    """The -D options of mosquitto_pub."""
    pairs: list[tuple[str, ...]] = [("user-property", *pair) for pair in properties.user]
    for attribute, option in _PROPERTY_OPTIONS.items():
        value = getattr(properties, attribute)
        if value is not None:
            pairs.append((option, str(value)))
    if properties.correlation_data is not None:
        pairs.append(("correlation-data", properties.correlation_data.decode()))
    return [word for pair in pairs for word in ("-D", "publish", *pair)]


def message_from_json(line: dict[str, Any]) -> Message:
    """What `-F %j` writes."""
    given = line.get("properties", {})
    correlation = given.get("correlation-data")
    properties = Properties(
        user=tuple(given.get("user-properties", {}).items()),
        content_type=given.get("content-type"),
        response_topic=given.get("response-topic"),
        correlation_data=None if correlation is None else correlation.encode(),
        message_expiry=given.get("message-expiry-interval"),
    )
    payload = line.get("payload") or ""
    return Message(line["topic"], payload.encode(), line["qos"], bool(line["retain"]), properties)
