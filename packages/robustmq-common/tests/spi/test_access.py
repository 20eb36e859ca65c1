"""What is known of a client."""

from robustmq_common.spi.access import ClientInfo


def test_attributes_are_each_client_s_own() -> None:
    one, other = (ClientInfo(name, None, "127.0.0.1:5", "tcp", "MQTT 5.0") for name in "ab")
    assert one.attributes == {}
    one.attributes["role"] = "sensor"
    assert one.attributes == {"role": "sensor"}
    assert other.attributes == {}
    assert one != other
