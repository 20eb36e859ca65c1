"""A flood of refusals is counted, not logged."""

import pytest

from memory_broker import MakeBroker, MemoryBroker
from memory_client import join
from robustmq_common.spi.access import DENY, ClientInfo

pytest_plugins = ("memory_fixtures",)


class Closed:
    name = "closed"

    def authorize(self, client: ClientInfo, action: str, topic: str, qos: int, retain: bool) -> int:
        return DENY


def logged(broker: MemoryBroker, event: str) -> list[dict[str, object]]:
    return [fields for _, what, fields in broker.log.entries if what == event]


@pytest.fixture
def broker(make_broker: MakeBroker) -> MemoryBroker:
    return make_broker(authorizers=[Closed()])


def test_a_client_and_topic_have_a_line_in_an_interval(broker: MemoryBroker) -> None:
    clients = [join(broker, name) for name in ("c", "d")]
    for client in clients:
        for _ in range(100):
            client.publish("a", b"", 1)
    lines = logged(broker, "publish refused")
    assert [line["client_id"] for line in lines] == ["c", "d"]
    assert lines[0]["reason_code"] == "0x87"
    broker.advance(61.0)
    (rest,) = logged(broker, "more was refused than is logged")
    assert rest["count"] == 198
    clients[0].publish("a", b"", 1)
    assert len(logged(broker, "publish refused")) == 3


def test_a_client_with_many_topics_has_a_few_lines(broker: MemoryBroker) -> None:
    client, other = join(broker, "c"), join(broker, "other")
    for number in range(100):
        client.publish(f"t/{number}", b"", 1)
        client.subscribe(f"t/{number}")
    assert (
        len(logged(broker, "publish refused")) + len(logged(broker, "subscription not authorized"))
        == 10
    )
    other.publish("t", b"", 1)
    assert len(logged(broker, "publish refused")) == 6
    client.drop()
    other.drop()
    broker.advance(61.0)
    assert broker.leftovers() == []


def test_a_will_is_refused_when_it_would_be_published(broker: MemoryBroker) -> None:
    from wire import Will

    client = join(broker, "c", will=Will("w"))
    client.drop()
    (line,) = logged(broker, "will refused")
    assert line["topic"] == "w"
