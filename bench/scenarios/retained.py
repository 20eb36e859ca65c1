"""A million retained messages: storing them, and handing all of them to one subscriber."""

import re
import select
import socket
import time
from typing import Final, final

from bench import clients
from bench.child import Child, Link
from bench.scenario import (
    HIGHER,
    LOWER,
    V311,
    Deadline,
    Figure,
    Outcome,
    Scenario,
    ScenarioFailed,
    Target,
    Tools,
    joined,
)

PAYLOAD: Final = b"x" * 16
PUBLISHERS: Final = 4
WINDOW: Final = 500
"""PUBLISH packets of one publisher that are not acknowledged."""

FIRST_SECONDS: Final = 40.0
SILENCE_SECONDS: Final = 10.0
"""So long is waited for the first message, and for any other."""

PROBE_SECONDS: Final = 0.001
"""From one answer of the probe to its next message."""

PROBE_TOPIC: Final = "p/0000/000"
STORED: Final = re.compile(rb"(\x31\x1c|\x33\x1e)\0\x0a(r/\d{4}/\d{3})(?:..)?x{16}", re.DOTALL)
"""A retained PUBLISH as subscribers get it: at QoS 0, or (aedes does) at the QoS it came with."""

NAME: Final = b"\0\x0ar/"
"""How topics start on the wire, and nothing else in the stream."""

QOS_0: Final = 0x31
ACK_BYTES: Final = 4


@final
class RetainedStore(Scenario):
    """How fast it fills, what a message takes, how fast `#` gets all and whom that holds up."""

    name = "million-retained"
    bound = 150.0

    def __init__(self, count: int = 1_000_000) -> None:
        self.count = count
        self.what = (
            f"{PUBLISHERS} publishers retain {count:,} messages of {len(PAYLOAD)} B at QoS 1; then "
            "one client subscribes to `#`, while a probe in a process of its own sends itself a "
            "message every millisecond"
        )

    def run(self, target: Target, tools: Tools) -> Outcome:  # noqa: ARG002 - of all scenarios
        deadline = Deadline(self.bound)
        process = target.process
        before, used = process.resident_bytes(), process.cpu_seconds()
        with Child(fill, target.port, self.count) as publishers:
            filled = publishers.hear(deadline, f"retaining {self.count:,} messages")
        used = process.cpu_seconds() - used
        grown = process.resident_bytes() - before
        figures = [
            Figure("retain", self.count / filled, "msg/s", HIGHER, main=True),
            Figure("retain CPU", used * 1e6 / self.count, "us/msg", LOWER),
            Figure("memory", grown / self.count, "B/msg", LOWER, main=True),
        ]
        with (
            Child(probe, target.port) as other,
            Child(take_all, target.port, self.count) as subscriber,
        ):
            other.hear(deadline, "connecting the probe")
            subscriber.hear(deadline, "connecting the subscriber")
            subscriber.tell()
            seconds, found, distinct, above = subscriber.hear(
                deadline, "handing out retained messages"
            )
            other.tell()
            slowest = other.hear(deadline, "stopping the probe")
        figures.append(
            Figure("slowest round trip meanwhile", slowest * 1e3, "ms", LOWER, main=True)
        )
        faults = [f"{found - distinct:,} delivered twice"] if found > distinct else []
        if above:
            faults.append(f"{above:,} came above the granted QoS")
        if distinct < self.count:
            # How long a part took says nothing about the whole.
            faults.append(f"only {distinct:,} of {self.count:,} handed out, in {seconds:.1f} s")
            return Outcome(figures, joined(faults))
        figures += [
            Figure("hand out", found / seconds, "msg/s", HIGHER, main=True),
            Figure("hand out all", seconds, "s", LOWER),
        ]
        return Outcome(figures, joined(faults))


def topic(number: int) -> str:
    return f"r/{number // 1000:04}/{number % 1000:03}"


def fill(link: Link, port: int, count: int) -> None:
    """Publish all, `WINDOW` at a time; says how many seconds that took until the last PUBACK."""
    everyone = [clients.connect(port, f"fill-{number}", V311, 10) for number in range(PUBLISHERS)]
    for client in everyone:
        client.settimeout(None)
    unacknowledged = dict.fromkeys(everyone, 0)
    read = dict.fromkeys(everyone, 0)
    begun = time.monotonic()
    sent = 0
    while sent < count or any(unacknowledged.values()):
        for client in everyone:
            if unacknowledged[client] <= WINDOW // 2:
                batch = range(sent, min(count, sent + WINDOW // 2))
                client.sendall(b"".join(map(_retain, batch)))
                unacknowledged[client] += len(batch)
                sent = batch.stop
        for client in select.select(everyone, [], [], 10)[0]:
            got = len(client.recv(1 << 16))
            if not got:
                raise ScenarioFailed(f"it closed a connection after {sent:,} retained messages")
            read[client] += got
            unacknowledged[client] -= read[client] // ACK_BYTES
            read[client] %= ACK_BYTES
    link.say(time.monotonic() - begun)


def _retain(number: int) -> bytes:
    # Packet identifiers are free again after far fewer than 50,000 messages.
    packet_id = (number % 50_000 + 1).to_bytes(2, "big")
    return b"\x33\x1e\0\x0a" + topic(number).encode() + packet_id + PAYLOAD


def take_all(link: Link, port: int, count: int) -> None:
    """Subscribe to everything when told.

    Says seconds, messages, how many of them differ, and how many came above QoS 0.
    """
    with clients.connect(port, "take-all", V311, FIRST_SECONDS) as client:
        link.say()
        link.wait()
        begun = last = time.monotonic()
        client.sendall(clients.subscribe_packet(["#"], 0, V311))
        parts: list[bytes] = []
        found, end = 0, b""
        while found < count:
            try:
                part = client.recv(1 << 18)
            except TimeoutError:
                break
            if not part:
                raise ScenarioFailed(f"it closed the connection after {found:,} retained messages")
            parts.append(part)
            # A name that is cut in two is found once: neither half is one.
            fresh = (end + part).count(NAME)
            if fresh:
                client.settimeout(SILENCE_SECONDS)
                found += fresh
                last = time.monotonic()
            elif time.monotonic() - last > (SILENCE_SECONDS if found else FIRST_SECONDS):
                break
            end = part[1 - len(NAME) :]
        data = b"".join(parts)
        while found >= count and not data.endswith(PAYLOAD):
            data += _receive(client, 1)
    stored = STORED.findall(data)
    above = sum(head[0] != QOS_0 for head, _ in stored)
    link.say((last - begun, len(stored), len({topic for _, topic in stored}), above))


def probe(link: Link, port: int) -> None:
    """Send itself messages until told to stop; says the slowest round trip.

    Only the slowest: as it waits for each answer, it asks least often when answers are slow, and
    any percentile of the answers would look better than what a client sees.
    """
    slowest = 0.0
    packet = clients.publish_packet(PROBE_TOPIC, PAYLOAD)
    with clients.connect(port, "probe", V311, 60) as client:
        clients.subscribe(client, PROBE_TOPIC, 0, V311)
        link.say()
        while not (slowest and link.told()):
            begun = time.monotonic()
            client.sendall(packet)
            _receive(client, len(packet))
            slowest = max(slowest, time.monotonic() - begun)
            time.sleep(PROBE_SECONDS)
    link.say(slowest)


def _receive(client: socket.socket, length: int) -> bytes:
    received = b""
    while len(received) < length:
        part = client.recv(length - len(received))
        if not part:
            raise ScenarioFailed("it closed a connection")
        received += part
    return received
