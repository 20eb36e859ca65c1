"""[D] A worker's talk with the process that started it."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from robustmq_cli.bench import messages
from robustmq_cli.bench.worker import Worker

SECOND: Final = 1.0

Message = dict[str, Any]


class Conversation:
    """A worker and the process that started it. If that one is gone, the worker stops."""

    def __init__(
        self, worker: Worker, reader: asyncio.StreamReader, say: Callable[[bytes], None]
    ) -> None:
        self.worker = worker
        self._reader = reader
        self._say = say
        self._told: asyncio.Queue[Message | None] = asyncio.Queue()

    async def hold(self) -> None:
        """Go through a run, from the first connection to the result."""
        helpers = [asyncio.ensure_future(one) for one in (self._listen(), self._every_second())]
        worker = self.worker
        try:
            subscribers = await worker.connect()
            report = worker.report().to_json()
            self._say(messages.line(messages.READY, subscribers=subscribers, report=report))
            start = await self._wait(messages.START)
            if start is not None:
                await worker.run(start["subscribers"])
            sent = messages.sent_to_json(worker.sent())
            self._say(messages.line(messages.DONE, sent=sent))
            drain = await self._wait(messages.DRAIN)
            if drain is not None:
                await worker.drain(messages.sent_from_json(drain["sent"]))
            await worker.leave()
            report = worker.report(final=True).to_json()
            self._say(messages.line(messages.RESULT, report=report))
        finally:
            for helper in helpers:
                helper.cancel()

    async def _wait(self, kind: str) -> Message | None:
        """Wait for a message; None if there is nobody left to send it."""
        message = await self._told.get()
        if message is None:
            self._told.put_nowait(None)
        elif message["kind"] != kind:
            raise ValueError(f"expected {kind}, but was told {message['kind']}")
        return message

    async def _listen(self) -> None:
        while text := await self._reader.readline():
            message = messages.parse(text)
            if message["kind"] == messages.STOP:
                self.worker.stopping.set()
            else:
                self._told.put_nowait(message)
        self.worker.stopping.set()
        self._told.put_nowait(None)

    async def _every_second(self) -> None:
        while True:
            await asyncio.sleep(SECOND)
            self.worker.keep_alive()
            report = self.worker.report().to_json()
            self._say(messages.line(messages.PROGRESS, report=report))
