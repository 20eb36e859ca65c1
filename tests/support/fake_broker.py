"""A broker that behaves badly, as a process: `python fake_broker.py MODE PORT`.

MODE is "refuse" (CONNACK with a return code), "silent" (no answer at all), "crash" (lets clients
in and ends at the first SUBSCRIBE) or "deaf" (lets clients in and answers nothing else).
"""

import asyncio
import os
import sys
from typing import Final

REFUSED: Final = b"\x20\x02\x00\x05"
ACCEPTED: Final = b"\x20\x02\x00\x00"
CONNECT: Final = 0x10
SUBSCRIBE: Final = 0x82
DIED: Final = 7


async def serve(mode: str, port: int) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if mode == "crash" and data[0] == SUBSCRIBE:
                print("no memory left", flush=True)
                os._exit(DIED)
            if mode != "silent" and data[0] == CONNECT:
                writer.write(REFUSED if mode == "refuse" else ACCEPTED)
                await writer.drain()

    server = await asyncio.start_server(client, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
