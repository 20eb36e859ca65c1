"""Equality and the text form of packets."""

from codec_cases import VALID
from codec_cases.case import properties

from robustmq_mqtt.codec.packets import (
    PINGREQ_FRAME,
    PINGRESP_FRAME,
    Ack,
    Auth,
    Connect,
    Disconnect,
    Packet,
    Will,
)


def test_equal_by_type_and_fields() -> None:
    assert Ack(4, 1) == Ack(4, 1)
    assert Ack(4, 1) != Ack(4, 2)
    assert Ack(4, 1) != Ack(5, 1)
    assert Disconnect(0) != Auth(0)
    assert Disconnect(0) != object()
    assert Connect(5, "a") != Connect(5, "a", properties=properties(receive_maximum=1))


def test_cases_differ_from_each_other() -> None:
    packets = [
        case.packet
        for case in VALID
        if isinstance(case.packet, Packet) and case.canonical and case.version == 5
    ]
    assert len(packets) > 30
    for number, packet in enumerate(packets):
        assert packet == packet  # noqa: PLR0124 - reflexive
        assert packet not in packets[number + 1 :]


def test_protocol_name_follows_the_version() -> None:
    assert [Connect(version, "").protocol_name for version in (3, 4, 5)] == [
        "MQIsdp",
        "MQTT",
        "MQTT",
    ]


def test_text_form_shows_no_secrets() -> None:
    secret = properties(authentication_method="m", authentication_data=b"token")
    will = Will("t", b"last words")
    shown = repr(Connect(5, "c", username="u", password=b"pass", will=will, properties=secret))
    assert "client_id='c'" in shown
    assert "password=<4 bytes>" in shown
    assert "payload=<10 bytes>" in shown
    assert "authentication_data=<5 bytes>" in shown
    for hidden in ("token", "'pass'", "last words"):
        assert hidden not in shown


def test_ping_frames() -> None:
    assert bytes.fromhex("c000") == PINGREQ_FRAME
    assert bytes.fromhex("d000") == PINGRESP_FRAME
