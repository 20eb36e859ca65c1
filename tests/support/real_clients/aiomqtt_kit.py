"""aiomqtt: coroutines as its users write them, on an event loop in a thread."""

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from real_clients.holding import ProgramWillHolder
from real_clients.kit import V5, Collected, Kit, Message, Properties, Subscriber, Will
from real_clients.lines import DEADLINE
from real_clients.paho_properties import (
    publish_properties,
    received_properties,
    session_properties,
)
from wire import unique_id

AT_ONCE = 50
"""Publishes that wait for their acknowledgements at the same time."""

T = TypeVar("T")


class LoopThread:
    """An event loop in a thread, for coroutines of a blocking test."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def start(self, coroutine: Coroutine[Any, Any, T]) -> "Future[T]":
        """Run a coroutine and return at once."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def run(self, coroutine: Coroutine[Any, Any, T], deadline: float = DEADLINE) -> T:
        """Run a coroutine and return its result."""
        return self.start(coroutine).result(deadline)

    def close(self) -> None:
        """Stop the loop; whatever runs on it must have ended."""
        self.run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE)
        self._loop.close()


class AiomqttSubscriber(Subscriber):
    """`async with Client`, subscribe, `async for message`, until told to leave."""

    session_present = None

    def __init__(self, loop: LoopThread, client: Coroutine[Any, Any, aiomqtt.Client]) -> None:
        self._loop = loop
        self._collected = Collected()
        self._client = client
        self._subscribed: Future[None] = Future()
        self._leave = asyncio.Event()
        self._run: Future[int | None] | None = None

    def start(self, filters: tuple[str, ...], qos: int) -> None:
        """Connect and subscribe."""
        self._run = self._loop.start(self._main(filters, qos))
        self._subscribed.result(DEADLINE)

    async def _main(self, filters: tuple[str, ...], qos: int) -> int | None:
        try:
            async with await self._client as client:
                granted = await client.subscribe([(name, qos) for name in filters])
                assert [getattr(one, "value", one) for one in granted] == [qos] * len(filters)
                self._subscribed.set_result(None)
                return await self._receive(client)
        except BaseException as error:
            if not self._subscribed.done():
                self._subscribed.set_exception(error)
            raise

    async def _receive(self, client: aiomqtt.Client) -> int | None:
        receiving = asyncio.create_task(self._collect(client))
        leaving = asyncio.create_task(self._leave.wait())
        await asyncio.wait([receiving, leaving], return_when=asyncio.FIRST_COMPLETED)
        leaving.cancel()
        if receiving.done():
            return receiving.result()
        receiving.cancel()
        await asyncio.wait([receiving])
        return None

    async def _collect(self, client: aiomqtt.Client) -> int | None:
        try:
            async for message in client.messages:
                self._collected.add(
                    Message(
                        str(message.topic),
                        message.payload,
                        message.qos,
                        bool(message.retain),
                        received_properties(message.properties),
                    )
                )
        except aiomqtt.MqttError as error:
            return _reason(error)
        return None

    def messages(self, count: int, deadline: float = DEADLINE) -> list[Message]:
        return self._collected.wait_for_messages(count, deadline)

    def ended(self) -> int | None:
        assert self._run is not None
        return self._run.result(DEADLINE)

    def leave(self) -> None:
        assert self._run is not None
        self._loop.run(self._set_leave())
        self._run.result(DEADLINE)

    async def _set_leave(self) -> None:
        self._leave.set()


def _reason(error: aiomqtt.MqttError) -> int | None:
    """The reason code of the DISCONNECT that ended the iteration over messages."""
    cause = error.__cause__
    if isinstance(cause, aiomqtt.MqttCodeError) and isinstance(cause.rc, ReasonCode):
        return int(cause.rc.value)
    return None


class AiomqttKit(Kit):
    """Clients share one event loop; those with a will are processes of their own."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address)
        self._loop = LoopThread()
        self._subscribers: list[AiomqttSubscriber] = []
        self._holders: list[ProgramWillHolder] = []

    async def client(
        self, version: int, client_id: str | None = None, session: bool = False
    ) -> aiomqtt.Client:
        """A client that is not connected yet; made on the loop, as aiomqtt wants it."""
        host, port = self.address
        start: dict[str, Any] = {"clean_session": not session}
        if version == V5:
            start = {"clean_start": not session}
        return aiomqtt.Client(
            host,
            port,
            identifier=client_id or unique_id(),
            protocol=aiomqtt.ProtocolVersion(version),
            properties=session_properties(version, session),
            max_inflight_messages=AT_ONCE,
            **start,
        )

    def subscriber(
        self,
        version: int,
        *filters: str,
        qos: int = 2,
        client_id: str | None = None,
        session: bool = False,
    ) -> AiomqttSubscriber:
        subscriber = AiomqttSubscriber(self._loop, self.client(version, client_id, session))
        subscriber.start(filters, qos)
        self._subscribers.append(subscriber)
        return subscriber

    def publish(
        self,
        version: int,
        topic: str,
        *payloads: bytes,
        qos: int = 0,
        retain: bool = False,
        properties: Properties | None = None,
    ) -> None:
        self._loop.run(self._publish(version, topic, payloads, qos, retain, properties), 50)

    async def _publish(
        self,
        version: int,
        topic: str,
        payloads: tuple[bytes, ...],
        qos: int,
        retain: bool,
        properties: Properties | None,
    ) -> None:
        made = publish_properties(version, properties)
        async with await self.client(version) as client:
            client.pending_calls_threshold = AT_ONCE
            for start in range(0, len(payloads), AT_ONCE):
                batch = payloads[start : start + AT_ONCE]
                await asyncio.gather(
                    *(client.publish(topic, one, qos, retain, made) for one in batch)
                )

    def will_holder(self, version: int, will: Will) -> ProgramWillHolder:
        holder = ProgramWillHolder("with_aiomqtt.py", self.address, version, will)
        self._holders.append(holder)
        return holder

    def close(self) -> None:
        for subscriber in self._subscribers:
            subscriber.leave()
        for holder in self._holders:
            holder.kill()
        self._loop.close()
