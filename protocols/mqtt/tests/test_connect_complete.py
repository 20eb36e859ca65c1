"""CONNACK and the session behind it: what the client is told, taken over, resumed or begun anew."""

from typing import Any

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from wire import Will, code, prop

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V31, code.V311, code.V5], ids=["v31", "v311", "v5"])


def connack(broker: MemoryBroker, *asked: prop.Pair, clean: bool = True) -> prop.Properties:
    answer = MemoryClient(broker).connect("c", clean=clean, properties=asked)
    assert answer.reason == 0
    return answer.properties


class TestConnack:
    def test_defaults(self, broker: MemoryBroker) -> None:
        assert dict(connack(broker)) == {
            prop.RECEIVE_MAXIMUM: 1_024,
            prop.TOPIC_ALIAS_MAXIMUM: 65_535,
            prop.MAXIMUM_PACKET_SIZE: 1_048_576,
        }

    @pytest.mark.parametrize(
        ("configured", "identifier", "value"),
        [
            ({"receive_maximum": 7}, prop.RECEIVE_MAXIMUM, 7),
            ({"receive_maximum": 65_535}, prop.RECEIVE_MAXIMUM, None),
            ({"max_qos": 0}, prop.MAXIMUM_QOS, 0),
            ({"max_qos": 1}, prop.MAXIMUM_QOS, 1),
            ({"retain_available": False}, prop.RETAIN_AVAILABLE, 0),
            ({"max_packet_size": 5_000}, prop.MAXIMUM_PACKET_SIZE, 5_000),
            ({"max_topic_alias": 9}, prop.TOPIC_ALIAS_MAXIMUM, 9),
            ({"max_topic_alias": 0}, prop.TOPIC_ALIAS_MAXIMUM, None),
            ({"wildcard_subscription": False}, prop.WILDCARD_SUBSCRIPTION_AVAILABLE, 0),
            ({"shared_subscription": False}, prop.SHARED_SUBSCRIPTION_AVAILABLE, 0),
            ({"server_keep_alive": 33}, prop.SERVER_KEEP_ALIVE, 33),
        ],
    )
    def test_every_limit_is_told(
        self, make_broker: MakeBroker, configured: dict[str, Any], identifier: int, value: int
    ) -> None:
        assert connack(make_broker(**configured)).get(identifier) == value

    @pytest.mark.parametrize(
        ("asked", "told"),
        [
            ([], None),
            ([(prop.REQUEST_RESPONSE_INFORMATION, 0)], None),
            ([(prop.REQUEST_RESPONSE_INFORMATION, 1)], "answers/here"),
        ],
    )
    def test_response_information(
        self, make_broker: MakeBroker, asked: list[prop.Pair], told: str | None
    ) -> None:
        broker = make_broker(response_information="answers/here")
        assert connack(broker, *asked).get(prop.RESPONSE_INFORMATION) == told

    def test_no_response_information_to_give(self, broker: MemoryBroker) -> None:
        told = connack(broker, (prop.REQUEST_RESPONSE_INFORMATION, 1))
        assert prop.RESPONSE_INFORMATION not in told


class TestExpiry:
    @pytest.mark.parametrize(
        ("maximum", "asked", "told", "granted"),
        [
            (100, 50, None, 50),
            (100, 100, None, 100),
            (100, 500, 100, 100),
            (100, 0xFFFFFFFF, 100, 100),
            (0, 500, 0, 0),
            (100, None, None, 0),
            (0xFFFFFFFF, 0xFFFFFFFF, None, 0xFFFFFFFF),
        ],
    )
    def test_max_session_expiry_interval(
        self,
        make_broker: MakeBroker,
        maximum: int,
        asked: int | None,
        told: int | None,
        granted: int,
    ) -> None:
        broker = make_broker(max_session_expiry_interval=maximum)
        properties = [] if asked is None else [(prop.SESSION_EXPIRY_INTERVAL, asked)]
        assert connack(broker, *properties).get(prop.SESSION_EXPIRY_INTERVAL) == told
        assert broker.context.sessions["c"].expiry_interval == granted

    @pytest.mark.parametrize("level", [code.V31, code.V311])
    @pytest.mark.parametrize("configured", [50, 0xFFFFFFFF])
    def test_session_expiry_interval_of_3_x(
        self, make_broker: MakeBroker, level: int, configured: int
    ) -> None:
        broker = make_broker(session_expiry_interval=configured)
        join(broker, "lasting", level, expiry=1).disconnect()
        join(broker, "clean", level).disconnect()
        assert set(broker.context.sessions) == {"lasting"}
        broker.advance(49)
        assert set(broker.context.sessions) == {"lasting"}
        broker.advance(2)
        assert bool(broker.context.sessions) is (configured != 50)
        broker.advance(10_000_000)
        assert bool(broker.context.sessions) is (configured != 50)

    @pytest.mark.parametrize("level", [code.V311, code.V5])
    def test_0_ends_the_session_with_the_connection(
        self, make_broker: MakeBroker, level: int
    ) -> None:
        broker = make_broker(session_expiry_interval=0, max_session_expiry_interval=0)
        client = join(broker, "c", level, expiry=100)
        client.subscribe(("a", 1))
        client.drop()
        assert broker.leftovers() == []


class TestSessionPresent:
    @LEVELS
    @pytest.mark.parametrize("clean", [False, True])
    def test_no_session(self, broker: MemoryBroker, level: int, clean: bool) -> None:
        assert not MemoryClient(broker, level).connect("c", clean=clean).session_present

    @LEVELS
    def test_a_session(self, broker: MemoryBroker, level: int) -> None:
        client = join(broker, "c", level, expiry=100)
        client.subscribe(("a", 1))
        client.disconnect()
        resumed = MemoryClient(broker, level).connect("c", clean=False).session_present
        # MQTT 3.1 has no such flag.
        assert resumed is (level != code.V31)
        assert broker.filters("c") == {"a"}
        assert broker.metric("session.resumed") == 1

    @LEVELS
    def test_a_clean_start_discards_it(self, broker: MemoryBroker, level: int) -> None:
        client = join(broker, "c", level, expiry=100)
        client.subscribe(("a", 1))
        client.disconnect()
        join(broker, "p").publish("a", b"x", 1)
        assert not MemoryClient(broker, level).connect("c", clean=True).session_present
        assert broker.filters("c") == set()
        assert broker.stored() == {}
        assert broker.metric("session.discarded") == 1

    def test_versions_share_it(self, broker: MemoryBroker) -> None:
        join(broker, "c", code.V311, expiry=1).disconnect()
        for level in (code.V5, code.V311):
            client = MemoryClient(broker, level)
            properties = [(prop.SESSION_EXPIRY_INTERVAL, 100)] if level == code.V5 else []
            assert client.connect("c", clean=False, properties=properties).session_present
            client.drop()


class TestTakeover:
    @LEVELS
    @pytest.mark.parametrize("expiry", [0, 100])
    def test_the_older_connection_has_to_go(
        self, broker: MemoryBroker, level: int, expiry: int
    ) -> None:
        older = join(broker, "c", level, expiry=expiry)
        older.subscribe(("a", 1))
        newer = join(broker, "c", level, expiry=expiry)
        assert older.refused() == (code.SESSION_TAKEN_OVER if level == code.V5 else 0)
        assert broker.metric("session.takenover") == 1
        join(broker, "p").publish("a", b"x", 1)
        assert len(newer.take()) == (1 if expiry else 0)
        newer.disconnect()

    def test_what_was_in_flight_goes_on(self, broker: MemoryBroker) -> None:
        older = join(broker, "c", expiry=100)
        older.subscribe(("a", 2))
        join(broker, "p").publish("a", b"x", 2)
        (before,) = older.publishes()
        newer = join(broker, "c", expiry=100)
        (after,) = newer.publishes()
        assert (after.packet_id, after.dup) == (before.packet_id, True)
        # Whatever still comes by the older connection is not heard.
        older.ack(code.PUBREC, before.packet_id)
        assert newer.packets() == []

    @pytest.mark.parametrize(
        ("delay", "expiry", "clean", "at_once"),
        [
            (0, 0, False, True),
            (0, 100, False, True),
            (0, 100, True, True),
            (50, 100, False, False),
            (50, 100, True, True),
            (50, 0, False, True),
        ],
    )
    def test_its_will(
        self, broker: MemoryBroker, delay: int, expiry: int, clean: bool, at_once: bool
    ) -> None:
        watcher = join(broker, "watcher")
        watcher.subscribe("w")
        properties = [(prop.WILL_DELAY_INTERVAL, delay)] if delay else []
        will = Will("w", b"older", properties=properties)
        join(broker, "c", expiry=expiry, will=will)
        join(
            broker,
            "c",
            clean=clean,
            properties=[(prop.SESSION_EXPIRY_INTERVAL, 100)],
            will=Will("w", b"newer"),
        )
        assert watcher.payloads() == ([b"older"] if at_once else [])
        broker.advance(99)
        assert watcher.payloads() == []

    def test_the_same_client_again_and_again(self, broker: MemoryBroker) -> None:
        client = join(broker, "c", keep_alive=5)
        for number in range(20):
            client = join(broker, "c", expiry=100 if number % 2 else 0, keep_alive=5)
            client.subscribe(("a", 1))
        assert len(broker.context.connections) == 1
        client.disconnect(0, None)
        broker.advance(101)
        assert broker.leftovers() == []
