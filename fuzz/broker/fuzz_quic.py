"""Feeds a QUIC listener with damaged datagrams of clients in their handshakes.

    python fuzz/broker/fuzz_quic.py --seconds 30 --seed 7

Nothing may be raised, nothing logged as a bug, and no more kept than the handshakes allowed.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [
    str(REPOSITORY / "tests" / "support"),
    str(REPOSITORY / "packages" / "robustmq-broker" / "tests" / "support"),
]

from aioquic.quic.connection import QuicConnection  # noqa: E402
from listener_kit import Listening  # noqa: E402

from certificates import Authority  # noqa: E402
from quic_client import client_configuration  # noqa: E402
from robustmq_broker.listeners.quic.listener import QuicListener  # noqa: E402

HANDSHAKES = 16


def damaged(chance: random.Random, data: bytes) -> bytes:
    """The datagram with some bytes changed, cut off, or none of its own."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.randrange(1500))
    changed = bytearray(data)
    for _ in range(chance.randrange(4)):
        changed[chance.randrange(min(64, len(changed)))] = chance.randrange(256)
    return bytes(changed[: chance.randrange(len(changed))] if chance.random() < 0.1 else changed)


async def fuzz(seconds: float, chance: random.Random) -> int:
    """Returns how many datagrams were fed."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        server = authority.server()
        tls = {"certfile": str(server.certificate), "keyfile": str(server.key)}
        quic = {"max_handshakes": HANDSHAKES}
        listening = Listening(transport=QuicListener, tls=tls, quic=quic)
        await listening.listener.open()
        endpoint: Any = listening.listener._endpoint  # type: ignore[attr-defined]
        end = time.monotonic() + seconds
        count = 0
        while time.monotonic() < end:
            client = QuicConnection(configuration=client_configuration(authority.file))
            client.connect(("127.0.0.1", 1), now=asyncio.get_running_loop().time())
            for data, _ in client.datagrams_to_send(now=asyncio.get_running_loop().time()):
                for _ in range(8):
                    count += 1
                    address = ("127.0.0.1", chance.randrange(20_000, 60_000))
                    endpoint.datagram_received(damaged(chance, data), address)
            await asyncio.sleep(0)
            assert len(listening.listener.connections) <= HANDSHAKES
        assert not listening.log.events("error"), listening.log.entries[:3]
        await listening.close()
        return count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    count = asyncio.run(fuzz(options.seconds, random.Random(options.seed)))
    print(f"{count} datagrams: nothing found")
    return 0


if __name__ == "__main__":
    sys.exit(main())
