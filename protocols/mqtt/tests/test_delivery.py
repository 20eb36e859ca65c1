"""A delivery begins unsent and unstored."""

from robustmq_mqtt.codec.publish import new_publish
from robustmq_mqtt.delivery import QUEUED, SENT, Delivery


def test_a_new_delivery() -> None:
    first = Delivery(new_publish("a", b"x"), 1, True, [3], "$share/g/a")
    assert (first.state, first.packet_id, first.offset, first.done) == (QUEUED, 0, -1, False)
    assert (first.qos, first.retain, first.identifiers, first.shared) == (
        1,
        True,
        [3],
        "$share/g/a",
    )
    first.state = SENT
    first.packet_id = 7
    second = Delivery(new_publish("a", b"x"), 1, True, None, "")
    assert (second.state, second.packet_id) == (QUEUED, 0)
