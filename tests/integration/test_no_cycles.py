"""What a client leaves behind is freed at once: the garbage collector is not needed for it.

The broker looks at old objects only while they are few, and not at all at subscriptions, messages
and timers, so that a cycle through them would never be found.
"""

import asyncio
import gc
import sys
from pathlib import Path

import pytest

from robustmq_broker.app import Broker
from robustmq_broker.event_loop import new_event_loop
from robustmq_cli import configuration
from robustmq_cli.server import options
from robustmq_common.config.quantities import parse_address
from robustmq_common.logging_setup import set_up_logging
from wire import Clients, code

CLIENTS = 20
ROUNDS = 10


def a_round(address: tuple[str, int], level: int) -> None:
    """Clients that do what leaves something behind: sessions, queues, wills, shared groups."""
    with Clients(address) as clients:
        for number in range(CLIENTS):
            client = clients(level, keep_alive=60)
            client.subscribe((f"a/{number}", 1), (f"+/{number}/#", 2), ("all", 1))
            if level == code.V5:
                client.subscribe(("$share/g/x", 1))
            client.publish(f"a/{number}", b"x", 2)
            client.publish("all", b"x", 1)
            if number % 2:
                client.disconnect()


@pytest.mark.parametrize("level", [code.V311, code.V5])
def test_clients_leave_nothing(tmp_path: Path, level: int) -> None:
    overrides = ["listeners.tcp.bind=127.0.0.1:0", "log.level=error", "storage.adapter=memory"]
    given = options.given(None, tmp_path, overrides)
    first = configuration.preliminary(given)
    log = set_up_logging(**first.section("log").model_dump())
    settings, registry = configuration.load(given, first, log)

    async def rounds() -> int:
        broker = Broker(settings, registry)
        await broker.start()
        address = parse_address(broker.addresses["tcp"])
        blocks = 0
        try:
            for number in range(2 + ROUNDS):
                if number == 2:
                    blocks = await settled(broker)
                await asyncio.to_thread(a_round, address, level)
            return await settled(broker) - blocks
        finally:
            await broker.stop()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        gc.collect()
        gc.disable()
        try:
            left = runner.run(rounds())
        finally:
            gc.enable()
    # A connection that stayed would be some 30 blocks, a subscription at least 2.
    assert left < CLIENTS * ROUNDS


async def settled(broker: Broker) -> int:
    """Blocks of memory in use once every connection and every cancelled timer is gone."""
    await broker.listeners[0].wait_closed(30)
    router = broker.services.router
    router.forget_all()
    router.forgotten.clear()
    for slot in broker.services.timers.wheel.slots:  # type: ignore[attr-defined]
        slot[:] = [timer for timer in slot if timer.callback is not None]
    return sys.getallocatedblocks()
