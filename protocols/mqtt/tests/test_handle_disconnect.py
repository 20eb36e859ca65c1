"""DISCONNECT from a client (section 3.14): the will, the session's time, and the end."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from wire import Will, code, encode, prop

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


def watched(broker: MemoryBroker, level: int, expiry: int = 0) -> tuple[MemoryClient, MemoryClient]:
    """A client with a will, and who watches it."""
    watcher = join(broker, "watcher")
    watcher.subscribe("w")
    return join(broker, "c", level, expiry=expiry, will=Will("w", b"gone")), watcher


@LEVELS
@pytest.mark.parametrize("expiry", [0, 100])
def test_a_proper_end_discards_the_will(broker: MemoryBroker, level: int, expiry: int) -> None:
    client, watcher = watched(broker, level, expiry)
    client.disconnect()
    broker.advance(10_000)
    assert watcher.packets() == []
    watcher.disconnect()
    assert broker.leftovers() == []


@pytest.mark.parametrize("reason", [0x00, *range(0x80, 0x84), 0x04, 0x90, *range(0x93, 0x9A)])
def test_only_reason_0_does(broker: MemoryBroker, reason: int) -> None:
    client, watcher = watched(broker, code.V5)
    client.disconnect(reason, [])
    assert watcher.payloads() == ([b"gone"] if reason else [])
    assert client.raw.received() == b""


def test_with_properties(broker: MemoryBroker) -> None:
    client, watcher = watched(broker, code.V5)
    client.disconnect(0, [(prop.REASON_STRING, "bye"), (prop.USER_PROPERTY, ("k", "v"))])
    assert client.raw.received() == b""
    assert watcher.packets() == []


class TestSessionExpiry:
    @pytest.mark.parametrize(("before", "after"), [(100, 50), (50, 100), (100, 0xFFFFFFFF)])
    def test_changed(self, broker: MemoryBroker, before: int, after: int) -> None:
        client = join(broker, expiry=before)
        client.disconnect(0, [(prop.SESSION_EXPIRY_INTERVAL, after)])
        broker.advance(after - 1 if after < 1_000 else 1_000_000)
        assert set(broker.context.sessions) == {"c"}
        broker.advance(2)
        assert bool(broker.context.sessions) is (after > 1_000)

    def test_to_0(self, broker: MemoryBroker) -> None:
        client = join(broker, expiry=100)
        client.subscribe(("a", 1), ("$share/g/b", 1))
        client.disconnect(0, [(prop.SESSION_EXPIRY_INTERVAL, 0)])
        assert broker.leftovers() == []

    @pytest.mark.parametrize("after", [1, 0xFFFFFFFF])
    def test_not_from_0(self, broker: MemoryBroker, after: int) -> None:
        client, watcher = watched(broker, code.V5)
        client.send(encode.disconnect(code.V5, 0, [(prop.SESSION_EXPIRY_INTERVAL, after)]))
        assert client.refused() == code.PROTOCOL_ERROR
        # It was no proper end.
        assert watcher.payloads() == [b"gone"]

    def test_0_to_0(self, broker: MemoryBroker) -> None:
        join(broker).disconnect(0, [(prop.SESSION_EXPIRY_INTERVAL, 0)])
        assert broker.leftovers() == []

    def test_within_what_is_configured(self, make_broker: MakeBroker) -> None:
        broker = make_broker(max_session_expiry_interval=100)
        client = join(broker, expiry=50)
        client.disconnect(0, [(prop.SESSION_EXPIRY_INTERVAL, 5_000)])
        broker.advance(101)
        assert broker.leftovers() == []

    def test_a_will_is_not_late_for_it(self, broker: MemoryBroker) -> None:
        watcher = join(broker, "watcher")
        watcher.subscribe("w")
        will = Will("w", b"gone", properties=[(prop.WILL_DELAY_INTERVAL, 50)])
        client = join(broker, expiry=100, will=will)
        client.disconnect(code.DISCONNECT_WITH_WILL, [(prop.SESSION_EXPIRY_INTERVAL, 0)])
        assert watcher.payloads() == [b"gone"]


@pytest.mark.parametrize(
    "body",
    [b"\x00", b"\x00\x00", b"\x04"],
    ids=["reason 0", "empty properties", "with will"],
)
@pytest.mark.parametrize("level", [code.V311, code.V5])
def test_bodies(broker: MemoryBroker, level: int, body: bytes) -> None:
    client, watcher = watched(broker, level)
    client.send(encode.packet(0xE0, body))
    assert client.refused() == 0
    # Before 5.0 it has no body: that is no proper end.
    assert len(watcher.payloads()) == (level == code.V311 or body[0] == 4)


@pytest.mark.parametrize("reason", [0x01, 0x10, 0x86, 0x8A, 0x91, 0xFF])
def test_codes_that_are_none(broker: MemoryBroker, reason: int) -> None:
    client = join(broker)
    client.send(encode.disconnect(code.V5, reason, []))
    assert client.refused() == code.PROTOCOL_ERROR
