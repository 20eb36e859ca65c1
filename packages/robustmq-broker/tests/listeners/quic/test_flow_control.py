"""Windows and streams of a connection, between two protocol states without a network."""

from typing import Any

import pytest
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection

from certificates import Authority
from quic_client import client_configuration
from robustmq_broker.listeners.quic.flow_control import STREAM_REFUSED, ServedConnection

WINDOW = 16_384
CLIENT, SERVER = ("127.0.0.1", 1), ("127.0.0.1", 2)


class Pair:
    """A client and the server's end, connected; time stands at `now`."""

    def __init__(self, authority: Authority) -> None:
        issued = authority.server()
        configuration = QuicConfiguration(
            is_client=False,
            alpn_protocols=["mqtt"],
            max_stream_data=WINDOW,
            max_data=2 * WINDOW,
        )
        configuration.load_cert_chain(issued.certificate, issued.key)
        self.now = 1.0
        self.client = QuicConnection(configuration=client_configuration(authority.file))
        self.client.connect(SERVER, now=self.now)
        self.server = ServedConnection(
            configuration, self.client.original_destination_connection_id
        )
        assert not self.server.has_begun()
        self.received = 0
        self.events: list[Any] = []
        self.exchange()

    def exchange(self) -> None:
        """Carry datagrams to and fro, until everything is acknowledged that can be."""
        for _ in range(60):
            self.now += 0.03
            self.carry()

    def carry(self) -> None:
        for data, _ in self.client.datagrams_to_send(self.now):
            self.server.receive_datagram(data, CLIENT, self.now)
        while (event := self.server.next_event()) is not None:
            self.events.append(event)
            if isinstance(event, events.StreamDataReceived) and event.stream_id == 0:
                self.received += len(event.data)
        if self.server.has_begun():
            for data, _ in self.server.datagrams_to_send(self.now):
                self.client.receive_datagram(data, SERVER, self.now)


@pytest.fixture
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    return Pair(Authority(tmp_path_factory.mktemp("ca")))


def test_a_window_moves_only_with_what_is_taken(pair: Pair) -> None:
    pair.client.send_stream_data(0, bytes(10 * WINDOW))
    pair.exchange()
    assert pair.received == WINDOW
    assert not pair.server.is_ending()
    pair.server.taken = WINDOW // 2
    assert pair.server.window_is_due()
    pair.exchange()
    assert pair.received == WINDOW + WINDOW // 2
    pair.server.taken = WINDOW // 2 + 1
    assert not pair.server.window_is_due()
    for _ in range(40):
        pair.server.taken = pair.received
        pair.exchange()
    assert pair.received == 10 * WINDOW


def test_a_window_does_not_grow(pair: Pair) -> None:
    for _ in range(40):
        pair.client.send_stream_data(0, bytes(WINDOW // 4))
        pair.exchange()
        pair.server.taken = pair.received
    assert pair.received == 10 * WINDOW
    pair.client.send_stream_data(0, bytes(10 * WINDOW))
    pair.exchange()
    assert pair.received - pair.server.taken <= WINDOW
    assert pair.server._local_max_data.value - pair.server._local_max_data.used <= 2 * WINDOW


def test_streams_are_refused_once(pair: Pair) -> None:
    for stream in (0, 4, 8, 12, 2):
        pair.client.send_stream_data(stream, b"x")
    pair.exchange()
    assert [pair.server.refuse_stream(stream) for stream in (4, 8, 2, 4, 100)] == [
        *(True, True, True, False, False)
    ]
    pair.exchange()
    ended: dict[int, int] = {}
    while (event := pair.client.next_event()) is not None:
        if isinstance(event, events.StreamReset | events.StopSendingReceived):
            ended[event.stream_id] = event.error_code
    assert ended == dict.fromkeys((4, 8, 2), STREAM_REFUSED)
    assert pair.server.is_open()


def test_no_more_streams_in_place_of_refused_ones(pair: Pair) -> None:
    for stream in (0, 4, 8, 12):
        pair.client.send_stream_data(stream, b"x", end_stream=True)
    pair.exchange()
    for stream in (4, 8, 12):
        pair.server.refuse_stream(stream)
    pair.exchange()
    assert pair.client._remote_max_streams_bidi == 4


def test_what_is_not_acknowledged_is_unsent(pair: Pair) -> None:
    assert (pair.server.unsent(), pair.server.is_open(), pair.server.all_delivered()) == (
        *(0, False, True),
    )
    pair.client.send_stream_data(0, b"x")
    pair.exchange()
    assert pair.server.is_open()
    pair.server.send_stream_data(0, bytes(1000), end_stream=True)
    assert (pair.server.unsent(), pair.server.is_open()) == (1000, False)
    assert not pair.server.all_delivered()
    pair.exchange()
    assert pair.server.unsent() == 0
    pair.client.send_stream_data(0, b"", end_stream=True)
    pair.exchange()
    assert pair.server.all_delivered()


def test_nothing_refers_to_one_that_was_released(pair: Pair) -> None:
    pair.server.release()
    assert vars(pair.server) == {}
