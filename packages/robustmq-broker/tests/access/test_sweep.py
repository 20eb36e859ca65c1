"""Connected clients are told of new rules, a few at a time."""

from collections.abc import Callable, Iterator
from typing import Any

from robustmq_broker.access.sweep import CLIENTS, AccessSweep
from robustmq_common.spi.access import ClientInfo
from robustmq_common.testing import RecordingLog


class Told:
    def __init__(self, fails: bool = False) -> None:
        self.client = ClientInfo("c", None, "127.0.0.1:1", "tcp", "MQTT 5.0")
        self.times = 0
        self.fails = fails
        self.code = 0

    def access_changed(self) -> None:
        self.times += 1
        if self.fails:
            raise RuntimeError("boom")

    def disconnect(self, reason_code: int, reason: str) -> None:
        self.code = reason_code


class Turns:
    def __init__(self, clients: list[Told]) -> None:
        self.clients = clients
        self.callbacks: list[Callable[[], None]] = []
        self.log = RecordingLog()
        self.sweep = AccessSweep(self.connected, self.callbacks.append, self.log)

    def connected(self) -> Iterator[Any]:
        return iter(self.clients)

    def turn(self) -> None:
        callbacks, self.callbacks[:] = list(self.callbacks), []
        for one in callbacks:
            one()


def test_a_few_in_each_turn() -> None:
    turns = Turns([Told() for _ in range(2 * CLIENTS + 1)])
    turns.sweep.begin()
    assert sum(one.times for one in turns.clients) == 0
    turns.turn()
    assert sum(one.times for one in turns.clients) == CLIENTS
    turns.turn()
    turns.turn()
    turns.turn()
    assert [one.times for one in turns.clients] == [1] * (2 * CLIENTS + 1)
    assert turns.callbacks == []


def test_a_change_meanwhile_begins_anew() -> None:
    turns = Turns([Told() for _ in range(CLIENTS + 1)])
    turns.sweep.begin()
    turns.turn()
    turns.sweep.begin()
    while turns.callbacks:
        turns.turn()
    assert [one.times for one in turns.clients] == [2] * CLIENTS + [1]


def test_who_cannot_be_checked_has_to_go() -> None:
    turns = Turns([Told(fails=True), Told()])
    turns.sweep.begin()
    turns.turn()
    assert [one.code for one in turns.clients] == [0x87, 0]
    assert turns.clients[1].times == 1
    assert len(turns.log.events("error")) == 1
