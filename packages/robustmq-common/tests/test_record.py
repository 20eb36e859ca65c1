"""Tests for robustmq_common.record."""

import random
import struct

import pytest

from robustmq_common.errors import StorageError
from robustmq_common.message import Record
from robustmq_common.record import FIELD, HEAD, VERSION, decode_record, encode_record

FIELDS = (
    *("topic", "payload", "qos", "retain", "key", "headers", "timestamp", "expires_at"),
    *("publisher", "tenant", "payload_format", "content_type", "response_topic"),
    "correlation_data",
)


def facts(record: Record) -> dict[str, object]:
    return {name: getattr(record, name) for name in FIELDS}


PLAIN = Record("a", b"")
FULL = Record(
    "a/é/\U0001f600",
    b"\x00\xff" * 100,
    2,
    True,
    b"key",
    [("n", "1"), ("n", "2"), ("", "é")],
    1_700_000_000.125,
    1_700_000_060.5,
    "publisher",
    "tenant",
    1,
    "text/plain",
    "answers/é",
    b"\x00\x01",
)
EMPTY_FIELDS = Record("a", b"x", 1, False, b"", [("", "")], 0.0, 0.0, "", "", 0, "", "", b"")


@pytest.mark.parametrize("record", [PLAIN, FULL, EMPTY_FIELDS])
def test_what_is_encoded_comes_back(record: Record) -> None:
    assert facts(decode_record(encode_record(record))) == facts(record)


def test_a_plain_message_takes_its_topic_its_payload_and_the_head() -> None:
    assert len(encode_record(Record("topic", b"payload"))) == HEAD.size + 5 + 7
    assert HEAD.size == 28


@pytest.mark.parametrize("name", ["topic", "publisher", "tenant"])
def test_a_text_that_is_too_long_is_refused(name: str) -> None:
    record = Record("t", b"")
    setattr(record, name, "é" * 32_767 + "e")
    assert getattr(decode_record(encode_record(record)), name).endswith("ée")
    setattr(record, name, "é" * 32_768)
    with pytest.raises(ValueError, match=f"the {name} of a message takes 65536 bytes"):
        encode_record(record)


@pytest.mark.parametrize("data", [b"", b"\x00", bytes([VERSION + 1]) + encode_record(FULL)[1:]])
def test_another_version_is_refused(data: bytes) -> None:
    with pytest.raises(StorageError, match=f"of version {data[0] if data else 0}, this is version"):
        decode_record(data)


def test_what_is_cut_off_before_the_payload_is_an_error() -> None:
    data = encode_record(FULL)
    for length in range(1, len(data) - len(FULL.payload)):
        with pytest.raises(StorageError, match="is damaged"):
            decode_record(data[:length])


def test_whatever_is_damaged_is_a_storage_error_or_a_message() -> None:
    dice = random.Random(20)
    data = encode_record(FULL)
    refused = 0
    for _ in range(2_000):
        damaged = bytearray(data)
        for _ in range(dice.randint(1, 4)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        try:
            decode_record(bytes(damaged))
        except StorageError:
            refused += 1
    assert 200 < refused < 2_000


def test_a_field_that_runs_past_the_others_is_an_error() -> None:
    field = FIELD.pack(1, 9) + b"short"
    head = HEAD.pack(VERSION, 0, 0.0, 0.0, 1, 0, 0, len(field))
    with pytest.raises(StorageError, match="field 1 is cut off"):
        decode_record(head + b"a" + field + b"payload")


def test_unknown_fields_are_passed_over() -> None:
    fields = FIELD.pack(200, 3) + b"new" + FIELD.pack(2, 2) + b"ct"
    head = HEAD.pack(VERSION, 1, 2.0, 3.0, 1, 0, 0, len(fields))
    record = decode_record(head + b"a" + fields + b"payload")
    assert (record.content_type, record.payload, record.qos) == ("ct", b"payload", 1)


def test_the_layout_is_the_documented_one() -> None:
    data = encode_record(Record("t", b"p", 1, True, publisher="me", timestamp=1.5))
    assert data == b"\x01\x05" + struct.pack("!dd", 1.5, 0.0) + b"\x00\x01\x00\x02\x00\x00" + (
        b"\x00\x00\x00\x00" + b"tme" + b"p"
    )
