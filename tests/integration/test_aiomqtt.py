"""aiomqtt on a real broker."""

import asyncio

import pytest

from broker_process import BrokerProcess
from real_clients.needed import need_module
from real_clients.scenarios import MakeKit, Scenarios
from wire import unique_topic

need_module("aiomqtt")

import aiomqtt  # noqa: E402

from real_clients.aiomqtt_kit import AiomqttKit  # noqa: E402


class TestAiomqtt(Scenarios):
    @pytest.fixture
    def make_kit(self) -> MakeKit:
        return AiomqttKit


@pytest.mark.parametrize("version", list(aiomqtt.ProtocolVersion))
def test_many_clients_in_one_event_loop(
    broker: BrokerProcess, version: aiomqtt.ProtocolVersion
) -> None:
    host, port = broker.address

    async def talk_to_oneself(number: int) -> list[bytes]:
        topic = unique_topic()
        got: list[bytes] = []
        async with aiomqtt.Client(host, port, protocol=version) as client:
            await client.subscribe(topic, qos=number % 3)
            for step in range(10):
                await client.publish(topic, b"%d" % step, qos=number % 3)
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                got.append(message.payload)
                if len(got) == 10:
                    await client.unsubscribe(topic)
                    return got
        return got

    async def main() -> list[list[bytes]]:
        return await asyncio.gather(*(talk_to_oneself(number) for number in range(60)))

    for got in asyncio.run(main()):
        assert got == [b"%d" % step for step in range(10)]


def test_a_client_object_connects_again(broker: BrokerProcess, topic: str) -> None:
    host, port = broker.address

    async def main() -> None:
        client = aiomqtt.Client(host, port)
        for payload in (b"first", b"second"):
            async with client:
                await client.subscribe(topic)
                await client.publish(topic, payload, qos=1)
                message = await anext(client.messages)
                assert message.payload == payload

    asyncio.run(main())
