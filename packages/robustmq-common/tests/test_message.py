"""Tests for robustmq_common.message."""

from robustmq_common.message import NEVER, Message, Record


def test_a_record_is_a_message_with_sensible_defaults() -> None:
    message: Message = Record("a/b", b"payload")
    assert (message.topic, message.payload, message.qos, message.retain) == (
        "a/b",
        b"payload",
        0,
        False,
    )
    assert message.key is None
    assert message.headers is None
    assert message.expires_at == NEVER
    assert (message.publisher, message.tenant, message.timestamp) == ("", "", 0.0)
    assert (message.payload_format, message.content_type) == (None, None)
    assert (message.response_topic, message.correlation_data) == (None, None)


def test_a_record_keeps_what_it_is_given() -> None:
    headers = [("a", "1"), ("a", "2")]
    record = Record(
        "t", b"", 2, True, b"k", headers, 5.0, 9.0, "publisher", "tenant", 1, "c", "r", b"7"
    )
    assert record.headers == headers
    assert (record.qos, record.retain, record.key) == (2, True, b"k")
    assert (record.timestamp, record.expires_at) == (5.0, 9.0)
    assert (record.publisher, record.tenant) == ("publisher", "tenant")
    assert (record.payload_format, record.content_type) == (1, "c")
    assert (record.response_topic, record.correlation_data) == ("r", b"7")
