"""Answers of authorizers: how long they are kept, how many, and those that take their time."""

from typing import Any

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import MemoryClient, join
from memory_loop import Gate
from robustmq_common.spi.access import ALLOW, DENY, ClientInfo
from wire import Puback, Pubrec, Suback, code, encode, prop

pytest_plugins = ("memory_fixtures",)

LEVELS = pytest.mark.parametrize("level", [code.V311, code.V5], ids=["v311", "v5"])


class Rules:
    """Denies what is in `denied`."""

    name = "rules"

    def __init__(self) -> None:
        self.denied: set[tuple[str, str]] = set()
        self.asked: list[tuple[Any, ...]] = []

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        self.asked.append((action, topic, qos, retain))
        return DENY if (action, topic) in self.denied else ALLOW


class SlowRules(Rules):
    """The same, when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.gates: list[Gate] = []

    async def authorize(  # type: ignore[override]
        self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
    ) -> int:
        gate = Gate()
        self.gates.append(gate)
        await gate
        return super().authorize(client, action, topic, qos, retain)

    def release(self, error: Exception | None = None) -> None:
        self.gates.pop(0).open(error=error)


class TestCache:
    def test_an_answer_is_for_topic_qos_and_retain(self, make_broker: MakeBroker) -> None:
        rules = Rules()
        broker = make_broker(authorizers=[rules])
        client = join(broker, "c")
        rules.denied.add(("publish", "no"))
        cases = [
            (topic, qos, keep) for topic in ("a", "no") for qos in (0, 1, 2) for keep in (0, 1)
        ]
        answers = [client.publish(t, b"", qos, retain=bool(keep)) for t, qos, keep in cases]
        assert len(rules.asked) == len(cases)
        again = [client.publish(t, b"", qos, retain=bool(keep)) for t, qos, keep in cases]
        assert again == answers
        assert rules.asked == [("publish", t, q, bool(k)) for t, q, k in cases]
        assert broker.metric("authorization.cache_hit") == len(cases)
        assert broker.metric("authorization.cache_miss") == len(cases)
        assert broker.metric("authorization.allow") == len(cases)
        assert broker.metric("authorization.deny") == len(cases)

    def test_answers_end(self, make_broker: MakeBroker) -> None:
        rules = Rules()
        broker = make_broker(authorizers=[rules])
        client = join(broker, "c")
        client.publish("a", b"", 1)
        broker.advance(59.0)
        client.publish("a", b"", 1)
        assert len(rules.asked) == 1
        broker.advance(1.5)
        client.publish("a", b"", 1)
        assert len(rules.asked) == 2

    def test_a_change_of_rules_makes_them_forgotten_at_once(self, make_broker: MakeBroker) -> None:
        rules = Rules()
        broker = make_broker(authorizers=[rules])
        client = join(broker, "c")
        assert client.publish("a", b"", 1) == code.NO_MATCHING_SUBSCRIBERS
        assert client.subscribe(("b", 0)) == [0]
        rules.denied |= {("publish", "a"), ("subscribe", "b")}
        assert client.publish("a", b"", 1) == code.NO_MATCHING_SUBSCRIBERS
        broker.services.access_changed()
        assert client.publish("a", b"", 1) == code.NOT_AUTHORIZED
        assert client.subscribe(("b", 0)) == [code.NOT_AUTHORIZED]

    def test_their_number_is_bounded(self, make_broker: MakeBroker) -> None:
        rules = Rules()
        broker = make_broker(authorizers=[rules])
        client = join(broker, "c")
        for number in range(300):
            client.publish(f"t/{number}", b"", 1)
            client.subscribe((f"t/{number}", 0))
        (connection,) = broker.context.connections
        decisions = connection.decisions
        assert decisions is not None
        assert decisions.subscribe is not None
        assert list(decisions.publish) == [f"t/{number}" for number in range(44, 300)]
        assert len(decisions.subscribe) == 256
        asked = len(rules.asked)
        client.publish("t/299", b"", 1)
        client.subscribe(("t/299", 0))
        assert len(rules.asked) == asked
        client.publish("t/0", b"", 1)
        assert len(rules.asked) == asked + 1

    @pytest.mark.parametrize(("length", "kept"), [(1024, True), (1025, False)])
    def test_long_topics_are_not_kept(
        self, make_broker: MakeBroker, length: int, kept: bool
    ) -> None:
        rules = Rules()
        client = join(make_broker(authorizers=[rules]), "c")
        topic = "é" * (length // 2) + "e" * (length % 2)
        for _ in range(2):
            client.publish(topic, b"", 1)
            assert client.subscribe((topic, 1)) == [1]
        assert len(rules.asked) == (2 if kept else 4)

    def test_a_topic_is_known_under_a_new_route(self, make_broker: MakeBroker) -> None:
        """Subscriptions change what becomes of a message, not whether it is allowed."""
        rules = Rules()
        broker = make_broker(authorizers=[rules])
        client = join(broker, "c")
        assert client.publish("a", b"", 1) == code.NO_MATCHING_SUBSCRIBERS
        join(broker, "other").subscribe("#")
        asked = len(rules.asked)
        assert client.publish("a", b"", 1) == 0
        assert len(rules.asked) == asked

    @pytest.mark.parametrize("keep", [False, True])
    @pytest.mark.parametrize("qos", [0, 1, 2])
    def test_one_answer_is_not_another(self, make_broker: MakeBroker, qos: int, keep: bool) -> None:
        """What is known of one QoS, with or without RETAIN, says nothing of the others."""

        class Only(Rules):
            def authorize(
                self, client: ClientInfo, action: str, topic: str, wanted: int, retain: bool
            ) -> int:
                return ALLOW if (wanted, retain) == (qos, keep) else DENY

        broker = make_broker(authorizers=[Only()])
        client = join(broker, "c")
        for _ in range(3):
            for other in (0, 1, 2):
                for retain in (False, True):
                    client.publish("a", b"", other, retain=retain)
        assert broker.metric("messages.dropped.not_authorized") == 15
        assert broker.metric("authorization.allow") == 3
        assert broker.metric("authorization.deny") == 15
        assert broker.metric("authorization.cache_hit") == 12

    def test_without_cache_everything_is_asked(self, make_broker: MakeBroker) -> None:
        rules = Rules()
        broker = make_broker(authorizers=[rules])
        broker.context.cache_size = 0
        client = join(broker, "c")
        for _ in range(3):
            client.publish("a", b"", 1)
        assert len(rules.asked) == 3

    def test_an_alias_is_its_topic(self, make_broker: MakeBroker) -> None:
        rules = Rules()
        rules.denied.add(("publish", "no"))
        client = join(make_broker(authorizers=[rules]), "c")
        assert (
            client.publish("no", b"", 1, properties=[(prop.TOPIC_ALIAS, 1)]) == code.NOT_AUTHORIZED
        )
        assert client.publish("", b"", 1, properties=[(prop.TOPIC_ALIAS, 1)]) == code.NOT_AUTHORIZED
        assert len(rules.asked) == 1


class TestSlowAuthorizers:
    @LEVELS
    @pytest.mark.parametrize("qos", [0, 1, 2])
    @pytest.mark.parametrize("allowed", [True, False])
    def test_publish_waits_with_what_follows(
        self, make_broker: MakeBroker, level: int, qos: int, allowed: bool
    ) -> None:
        rules = SlowRules()
        broker = make_broker(authorizers=[rules])
        client = join(broker, "c", level)
        if not allowed:
            rules.denied.add(("publish", "a"))
        client.send_publish("a", b"1", qos, packet_id=1 if qos else None)
        client.send_publish("a", b"2", qos, packet_id=2 if qos else None)
        broker.run_until_idle()
        assert len(rules.gates) == 1
        assert not rules.asked
        other = join(broker, "other", level)  # nobody else waits
        rules.release()
        broker.run_until_idle()
        assert rules.asked == [("publish", "a", qos, False)]
        assert not rules.gates  # the second one was known by then
        if qos:
            kind = Puback if qos == 1 else Pubrec
            reasons = [one.reason for one in client.packets() if isinstance(one, kind)]
            if level == code.V5:
                expected = code.NO_MATCHING_SUBSCRIBERS if allowed else code.NOT_AUTHORIZED
            else:
                expected = 0
            assert reasons == [expected, expected]
        assert broker.metric("messages.dropped.not_authorized") == (0 if allowed else 2)
        assert other.closed is False

    @pytest.mark.parametrize("failure", [True, False])
    def test_subscribe_waits_filter_by_filter(self, make_broker: MakeBroker, failure: bool) -> None:
        rules = SlowRules()
        broker = make_broker(authorizers=[rules])
        client = join(broker, "c")
        rules.denied.add(("subscribe", "no/#"))
        filters = [("a", 1), ("no/#", 1), ("$share/g/no/#", 1), ("$share/g/b", 2), ("x/#/y", 0)]
        client.send(encode.subscribe(code.V5, 7, filters), encode.publish(code.V5, "z", b""))
        # A filter behind $share/g/ that was asked about is known.
        for _ in range(3):
            broker.run_until_idle()
            rules.release(OSError("no route to host") if failure else None)
        suback = client.packet(Suback)
        refused = code.NOT_AUTHORIZED
        if failure:
            assert suback.reasons == (refused,) * 4 + (code.TOPIC_FILTER_INVALID,)
        else:
            assert suback.reasons == (1, refused, refused, 2, code.TOPIC_FILTER_INVALID)
        assert len(rules.gates) == 1  # the PUBLISH behind it had to wait
        failed = [one for one in broker.log.entries if one[0] == "error"]
        assert len(failed) == (3 if failure else 0)
        broker.log.entries.clear()

    def test_who_has_left_is_not_answered(self, make_broker: MakeBroker) -> None:
        rules = SlowRules()
        broker = make_broker(authorizers=[rules])
        client = join(broker, "c")
        client.send_publish("a", b"1", 1, packet_id=1)
        broker.run_until_idle()
        client.drop()
        rules.release()
        broker.run_until_idle()
        assert broker.leftovers() == []
        assert broker.bugs() == []

    def test_a_change_while_one_waits_is_not_overlooked(self, make_broker: MakeBroker) -> None:
        rules = SlowRules()
        broker = make_broker(authorizers=[rules])
        client = join(broker, "c")
        client.send_publish("a", b"1", 1, packet_id=1)
        broker.run_until_idle()
        broker.services.access_changed()
        rules.release()
        broker.run_until_idle()
        client.packets()
        rules.denied.add(("publish", "a"))
        client.send_publish("a", b"1", 1, packet_id=2)
        broker.run_until_idle()
        rules.release()
        assert client.packet(Puback).reason == code.NOT_AUTHORIZED

    @pytest.mark.parametrize("allowed", [True, False])
    def test_deny_action_disconnect(self, make_broker: MakeBroker, allowed: bool) -> None:
        rules = SlowRules()
        broker = make_broker(authorizers=[rules], deny_action="disconnect")
        client = join(broker, "c")
        if not allowed:
            rules.denied.add(("publish", "a"))
        client.send_publish("a", b"1", 0)
        broker.run_until_idle()
        rules.release()
        broker.run_until_idle()
        if allowed:
            assert not client.closed
        else:
            assert client.refused() == code.NOT_AUTHORIZED


class TestSys:
    """$SYS is for who looks after the broker."""

    def subscribe(self, broker: MemoryBroker, topic_filter: str, peer: str) -> int:
        client = MemoryClient(broker)
        client.raw.transport.peer = peer
        client.connect("c")
        (answer,) = client.subscribe((topic_filter, 0))
        return answer

    @pytest.mark.parametrize("topic_filter", ["$SYS/#", "$share/g/$SYS/#", "$SYS/brokers", "$SYS"])
    @pytest.mark.parametrize(
        ("peer", "granted"),
        [("127.0.0.1:1", True), ("[::1]:1", True), ("unix", True), ("192.0.2.1:1", False)],
    )
    def test_without_any_rules_it_is_for_this_machine(
        self, make_broker: MakeBroker, topic_filter: str, peer: str, granted: bool
    ) -> None:
        answer = self.subscribe(make_broker(), topic_filter, peer)
        assert answer == (0 if granted else code.NOT_AUTHORIZED)

    def test_wildcards_do_not_reach_it(self, make_broker: MakeBroker) -> None:
        assert self.subscribe(make_broker(), "#", "192.0.2.1:1") == 0
