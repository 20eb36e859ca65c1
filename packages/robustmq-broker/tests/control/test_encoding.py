import json

from robustmq_broker.control.encoding import record_fields
from robustmq_common.spi.storage import StoredRecord


def test_a_record_fits_into_json() -> None:
    fields = record_fields(StoredRecord(7, b"\x00\xff", b"k", 1.5, 2.5))
    assert json.loads(json.dumps(fields)) == {
        "offset": 7,
        "timestamp": 1.5,
        "expires_at": 2.5,
        "key": "aw==",
        "value": "AP8=",
    }


def test_no_key_is_not_an_empty_key() -> None:
    assert record_fields(StoredRecord(0, b""))["key"] is None
    assert record_fields(StoredRecord(0, b"", b""))["key"] == ""
