"""MQTT over WebSocket against MQTT over TCP: one publisher, one subscriber, the same broker.

    python -m bench.websocket [--messages 100000] [--rounds 3]

Both ends are plain sockets that send what was encoded before, so that the broker is what is
measured: messages per second, and CPU of the broker per message. "packet per frame" is what MQTT
libraries send; "coalesced" is as many packets in a frame as fit into 16 KiB.
"""

import argparse
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "support"))

from websockets.utils import apply_mask

from broker_process import BrokerProcess

PAYLOAD: Final = b"x" * 64
TOPIC: Final = b"bench/topic"
LAST: Final = b"the last one"
BATCH: Final = 200
MASK: Final = b"\x12\x34\x56\x78"
REQUEST: Final = (
    b"GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Protocol: mqtt\r\n\r\n"
)
Wrap = Callable[[bytes], bytes]


def publish(payload: bytes) -> bytes:
    body = len(TOPIC).to_bytes(2, "big") + TOPIC + payload
    assert len(body) < 128
    return bytes((0x30, len(body))) + body


def connect(name: bytes) -> bytes:
    body = b"\x00\x04MQTT\x04\x02\x00\x00" + len(name).to_bytes(2, "big") + name
    return bytes((0x10, len(body))) + body


def subscribe() -> bytes:
    body = b"\x00\x01" + len(TOPIC).to_bytes(2, "big") + TOPIC + b"\x00"
    return bytes((0x82, len(body))) + body


def plain(data: bytes) -> bytes:
    return data


def frame(data: bytes) -> bytes:
    """A client's frame, masked."""
    size = len(data)
    length = bytes((size | 0x80,)) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
    return b"\x82" + length + MASK + apply_mask(data, MASK)


def client(address: tuple[str, int], wrap: Wrap, name: bytes) -> socket.socket:
    made = socket.create_connection(address, 30)
    if wrap is not plain:
        made.sendall(REQUEST)
        while b"\r\n\r\n" not in made.recv(4096):
            pass
    made.sendall(wrap(connect(name)))
    if not made.recv(100):
        raise ConnectionError("the broker refused the client")
    return made


def drain(subscriber: socket.socket) -> None:
    tail = b""
    while LAST not in tail:
        piece = subscriber.recv(262_144)
        if not piece:
            raise ConnectionError("the broker closed the subscriber's connection")
        tail = tail[-100:] + piece


def measure(
    broker: BrokerProcess, listener: str, batch: bytes, wrap: Wrap, count: int
) -> tuple[float, float]:
    """Messages per second, and microseconds of the broker's CPU per message."""
    address = broker.addresses[listener]
    with client(address, wrap, b"sub") as subscriber, client(address, wrap, b"pub") as publisher:
        subscriber.sendall(wrap(subscribe()))
        subscriber.recv(100)
        process = psutil.Process(broker.pid)
        before = sum(process.cpu_times()[:2])
        begin = time.perf_counter()
        reader = threading.Thread(target=drain, args=(subscriber,), daemon=True)
        reader.start()
        for _ in range(count // BATCH):
            publisher.sendall(batch)
        publisher.sendall(wrap(publish(LAST)))
        reader.join(60)
        if reader.is_alive():
            raise TimeoutError("the last message did not arrive within a minute")
        seconds = time.perf_counter() - begin
        return count / seconds, (sum(process.cpu_times()[:2]) - before) / count * 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    packets = [publish(PAYLOAD)] * BATCH
    ways: dict[str, tuple[str, bytes, Wrap]] = {
        "tcp": ("tcp", b"".join(packets), plain),
        "ws, packet per frame": ("ws", b"".join(map(frame, packets)), frame),
        "ws, coalesced": ("ws", frame(b"".join(packets)), frame),
    }
    settings = {"listeners.ws.protocol": "mqtt", "listeners.ws.transport": "ws"}
    settings["listeners.ws.bind"] = "127.0.0.1:0"
    # The publisher is faster than the subscriber, and nothing may be dropped.
    settings["mqtt.max_queued_messages"] = "0"
    got: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    with (
        tempfile.TemporaryDirectory() as folder,
        BrokerProcess(Path(folder) / "data", settings) as broker,
    ):
        broker.wait_for(lambda: "ws" in broker.addresses, 30, "the listeners")
        for _ in range(given.rounds):
            for name, way in ways.items():
                got[name].append(measure(broker, *way, given.messages))
    base = statistics.median(rate for rate, _ in got["tcp"])
    for name, rounds in got.items():
        rate = statistics.median(rate for rate, _ in rounds)
        cpu = statistics.median(cpu for _, cpu in rounds)
        print(f"{name:22} {rate:10,.0f} messages/s ({rate / base:.2f} of tcp), {cpu:.2f} us CPU")
    return 0


if __name__ == "__main__":
    sys.exit(main())
