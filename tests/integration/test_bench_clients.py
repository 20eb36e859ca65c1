"""Clients of scenarios: what they send is MQTT, and what they read is checked."""

import pytest

from bench import clients
from bench.child import Child, Link
from bench.clients import Refused
from bench.scenario import V5, V311, Deadline, ScenarioFailed
from broker_process import BrokerProcess


@pytest.mark.parametrize("length", [0, 127, 128, 16_383, 16_384])
def test_packets_are_found_by_their_length(length: int) -> None:
    packet = clients.publish_packet("t", b"x" * length)
    kind, start, end = clients.packet_at(packet) or (0, 0, 0)
    assert (kind, end) == (clients.PUBLISH, len(packet))
    assert end - start == length + 3
    assert clients.packet_at(packet[:-1]) is None


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"\x20\x02\x00\x05", "refuses a connection: 0x05"),
        (b"\x90\x03\x00\x01\x80", "refuses a subscription: 0x80"),
        (b"\xd0\x00", "a packet of type 13"),
    ],
)
def test_an_answer_that_is_a_no(answer: bytes, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        clients.check_answer(answer)


def test_an_answer_that_is_cut_is_waited_for() -> None:
    assert not clients.check_answer(b"\x20\x02\x00")
    assert clients.check_answer(b"\x20\x02\x00\x00")


@pytest.mark.parametrize("level", [V311, V5])
def test_a_crowd_comes_in(broker: BrokerProcess, level: int) -> None:
    def packets(number: int) -> list[bytes]:
        name = f"crowd-{level}-{number}"
        return [
            clients.connect_packet(name, level),
            clients.subscribe_packet([f"crowd/{name}"], 0, level),
        ]

    crowd = clients.open_crowd(broker.port, 20, packets, Deadline(20), at_once=7)
    assert len(crowd.sockets) == len(crowd.waits) == 20
    assert crowd.seconds > 0
    crowd.drop()


def test_a_crowd_says_how_far_it_came(broker: BrokerProcess) -> None:
    with pytest.raises(ScenarioFailed, match=r"after 0 of 3 clients: .*0x84"):
        clients.open_crowd(
            broker.port, 3, lambda number: [clients.connect_packet("x", 77)], Deadline(20)
        )


def _echo(link: Link) -> None:
    link.say(link.wait() + 1)


def _fail(link: Link) -> None:
    raise OSError("no more files")


def test_a_child_hears_and_says() -> None:
    with Child(_echo) as child:
        child.tell(41)
        assert child.hear(Deadline(30), "adding") == 42


def test_a_child_that_fails_says_why() -> None:
    with Child(_fail) as child, pytest.raises(ScenarioFailed, match="no more files"):
        child.hear(Deadline(30), "failing")


def test_a_child_that_is_late_is_given_up() -> None:
    with Child(_echo) as child, pytest.raises(ScenarioFailed, match=r"after 0\.1 s: waiting"):
        child.hear(Deadline(0.1), "waiting")


@pytest.mark.parametrize(("share", "value"), [(0.5, 3.0), (0.99, 4.0), (0.0, 1.0)])
def test_percentiles(share: float, value: float) -> None:
    assert clients.percentile([4.0, 2.0, 1.0, 3.0], share) == value
    assert clients.percentile([], share) == 0.0
