"""The peers that come from package registries: what builds, starts and sets them up.

Each has its sources and lock files in a folder beside this file. Queues are of any length where
that can be said, and limits that a workload would hit are raised; everything else is the default.
"""

import re
import sys
from pathlib import Path
from typing import ClassVar, Final

from bench.peers.base import Peer, Place
from bench.peers.build import SOURCES, build


class _Built(Peer):
    """A peer that is built below .build/bench-peers/."""

    pinned: str
    """Where its version is written, as a pattern, in the file `pinned_in`."""

    pinned_in: str
    tools: ClassVar[dict[str, str]]
    steps: tuple[tuple[str, ...], ...]
    _folder = Path()

    def prepare(self) -> None:
        self._folder = build(self.name, self.tools, self.steps)
        found = re.search(self.pinned, (SOURCES / self.name / self.pinned_in).read_text())
        self.version = found[1] if found else "?"


class Mochi(_Built):
    """mochi-mqtt."""

    name = "mochi"
    about = "Go, MIT"
    pinned, pinned_in = r"mochi-mqtt/server/v2 v(\S+)", "go.mod"
    tools: ClassVar[dict[str, str]] = {"go": "golang-go"}
    steps = (("go", "build", "-o", "broker", "."),)

    def command(self, place: Place) -> list[str]:
        return [str(self._folder / "broker"), f"127.0.0.1:{place.port}"]


class HiveMQ(_Built):
    """HiveMQ Community Edition, embedded."""

    name = "hivemq"
    about = "Java, Apache-2.0"
    pinned, pinned_in = r"embedded</artifactId>\s*<version>([^<]+)", "pom.xml"
    tools: ClassVar[dict[str, str]] = {"mvn": "maven", "java": "default-jdk-headless"}
    steps = (("mvn", "-B", "-q", "package", "dependency:copy-dependencies"),)

    SETTINGS: Final = """<?xml version="1.0"?>
<hivemq>
  <listeners>
    <tcp-listener><port>{port}</port><bind-address>127.0.0.1</bind-address></tcp-listener>
  </listeners>
  <persistence><mode>in-memory</mode></persistence>
  <mqtt>
    <queued-messages><max-queue-size>1000000000</max-queue-size></queued-messages>
    <receive-maximum><server-receive-maximum>1024</server-receive-maximum></receive-maximum>
  </mqtt>
  <anonymous-usage-statistics><enabled>false</enabled></anonymous-usage-statistics>
</hivemq>
"""

    def command(self, place: Place) -> list[str]:
        (place.folder / "config.xml").write_text(self.SETTINGS.format(port=place.port))
        target = self._folder / "target"
        path = f"{target}/classes:{target}/dependency/*"
        return ["java", "-cp", path, "bench.Main", str(place.folder)]


class Rumqttd(_Built):
    """rumqttd."""

    name = "rumqttd"
    about = "Rust, Apache-2.0"
    pinned, pinned_in = r'rumqttd = \{ version = "=([^"]+)', "Cargo.toml"
    tools: ClassVar[dict[str, str]] = {"cargo": "cargo"}
    steps = (("cargo", "build", "--release", "--locked", "--quiet"),)
    serves_v5_elsewhere = True

    ROUTER: Final = """id = 0
[router]
id = 0
max_connections = 30000
max_outgoing_packet_count = 200
max_segment_size = 104857600
max_segment_count = 10
"""
    LISTENER: Final = """[{kind}.1]
name = "{kind}"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 0
[{kind}.1.connections]
connection_timeout_ms = 60000
max_payload_size = 2097152
max_inflight_count = 100
dynamic_filters = true
"""

    def command(self, place: Place) -> list[str]:
        settings = place.folder / "rumqttd.toml"
        listeners = [
            self.LISTENER.format(kind=kind, port=number)
            for kind, number in (("v4", place.port), ("v5", place.port_v5))
        ]
        settings.write_text(self.ROUTER + "".join(listeners))
        return [str(self._folder / "target" / "release" / "bench-rumqttd"), str(settings)]


class Aedes(_Built):
    """aedes."""

    name = "aedes"
    about = "JavaScript, MIT"
    pinned, pinned_in = r'"aedes": "([^"]+)', "package.json"
    tools: ClassVar[dict[str, str]] = {"npm": "npm", "node": "nodejs"}
    steps = (("npm", "ci", "--no-audit", "--no-fund", "--loglevel=error"),)

    def command(self, place: Place) -> list[str]:
        return ["node", str(self._folder / "server.js"), "127.0.0.1", str(place.port)]


class Amqtt(_Built):
    """amqtt."""

    name = "amqtt"
    about = "Python, MIT"
    pinned, pinned_in = r"amqtt==(\S+)", "requirements.txt"
    tools: ClassVar[dict[str, str]] = {}
    steps = (
        (sys.executable, "-m", "venv", "venv"),
        ("venv/bin/pip", "install", "--quiet", "--no-deps", "-r", "requirements.txt"),
    )

    SETTINGS: Final = """listeners:
  default:
    type: tcp
    bind: 127.0.0.1:{port}
plugins:
  amqtt.plugins.authentication.AnonymousAuthPlugin:
    allow_anonymous: true
"""

    def command(self, place: Place) -> list[str]:
        settings = place.folder / "amqtt.yaml"
        settings.write_text(self.SETTINGS.format(port=place.port))
        return [str(self._folder / "venv" / "bin" / "amqtt"), "-c", str(settings)]
