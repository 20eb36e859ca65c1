"""Subscriptions after the rules have changed, of those who are there and of those who are not."""

import pytest

from memory_broker import MakeBroker
from memory_client import join
from robustmq_common.spi.access import ALLOW, DENY, ClientInfo
from robustmq_common.spi.events import EventListener

pytest_plugins = ("memory_fixtures",)


class Rules:
    """Denies what is in `denied`; slow ones have to wait for nothing."""

    name = "rules"

    def __init__(self) -> None:
        self.denied: set[str] = set()

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        return DENY if topic in self.denied else ALLOW


class SlowRules(Rules):
    async def authorize(  # type: ignore[override]
        self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool
    ) -> int:
        return super().authorize(client, action, topic, qos, retain)


class Events(EventListener):
    name = "events"

    def __init__(self) -> None:
        self.lost: list[str] = []

    def session_unsubscribed(self, client: ClientInfo, topic_filter: str) -> None:
        self.lost.append(topic_filter)


@pytest.mark.parametrize("kind", [Rules, SlowRules])
def test_subscriptions_that_are_not_granted_any_more_go(
    make_broker: MakeBroker, kind: type[Rules]
) -> None:
    rules, events = kind(), Events()
    broker = make_broker(authorizers=[rules], listeners=[events])
    client = join(broker, "c")
    client.subscribe("a", "b/#", "$share/g/b/#", "c")
    rules.denied |= {"b/#"}
    broker.services.access_changed()
    broker.run_until_idle()
    assert broker.filters("c") == {"a", "c"}
    assert sorted(events.lost) == ["$share/g/b/#", "b/#"]
    assert broker.metric("subscriptions.revoked") == 2
    other = join(broker, "other")
    other.publish("b/1", b"secret", 1)
    other.publish("a", b"fine", 1)
    assert client.payloads() == [b"fine"]


def test_many_are_looked_at_bit_by_bit(make_broker: MakeBroker) -> None:
    rules = Rules()
    broker = make_broker(authorizers=[rules])
    client = join(broker, "c")
    filters = [f"a/{number}" for number in range(250)]
    for one in filters:
        client.subscribe(one)
    rules.denied |= set(filters[::2])
    broker.services.access_changed()
    broker.run_until_idle()
    assert broker.filters("c") == set(filters[1::2])


def test_the_session_of_an_absent_client_is_looked_at(make_broker: MakeBroker) -> None:
    rules = Rules()
    broker = make_broker(authorizers=[rules])
    client = join(broker, "c", expiry=600)
    client.subscribe("a", "b")
    client.disconnect()
    rules.denied.add("a")
    broker.services.access_changed()
    broker.run_until_idle()
    assert broker.filters("c") == {"b"}
    broker.restart()
    assert broker.filters("c") == {"b"}


def test_a_resumed_session_is_looked_at(make_broker: MakeBroker) -> None:
    """After a restart it is only then known by which way the client comes."""
    rules = Rules()
    broker = make_broker(authorizers=[rules])
    client = join(broker, "c", expiry=600)
    client.subscribe("a", "b")
    broker.restart()
    rules.denied.add("a")
    broker.services.access_changed()
    broker.run_until_idle()
    assert broker.filters("c") == {"a", "b"}
    join(broker, "c", expiry=600)
    assert broker.filters("c") == {"b"}
    assert broker.bugs() == []


def test_a_client_that_leaves_meanwhile(make_broker: MakeBroker) -> None:
    rules = SlowRules()
    broker = make_broker(authorizers=[rules])
    client = join(broker, "c")
    client.subscribe("a")
    rules.denied.add("a")
    broker.services.access_changed()
    client.drop()
    assert broker.leftovers() == []
    assert broker.bugs() == []
