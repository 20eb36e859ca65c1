"""Keys are in the order of what they stand for, and values come back as they were."""

import pytest

from robustmq_broker.storage.rocksdb import layout
from robustmq_common.spi.storage import Retain, StoredRecord


def test_the_order_of_places_is_that_of_numbers() -> None:
    places = [(0, 2**64 - 1), (1, 0), (1, 255), (1, 256), (256, 0)]
    assert sorted(layout.pack_place(*place) for place in places) == [
        layout.pack_place(*place) for place in places
    ]
    times = [0.5, 1.0, 1e9, 1e9 + 0.25, 1e11]
    assert sorted(layout.pack_expiry(at, 1, 1) for at in times) == [
        layout.pack_expiry(at, 1, 1) for at in times
    ]


@pytest.mark.parametrize("key", [None, b"", b"key"])
def test_a_record(key: bytes | None) -> None:
    body = b"value" if key is None else key + b"value"
    head = layout.pack_long(True, 1.5, 100, 2.5, 3.5, 0 if key is None else len(key) + 1)
    place = layout.pack_place(7, 42)
    assert layout.decode_record(place, head + body) == StoredRecord(42, b"value", key, 1.5, 2.5)
    assert layout.decode_totals(head + body) == (1.5, 3.5, 100, 100 + len(body))


def test_a_record_without_anything_special() -> None:
    head = layout.pack_short(False, 1.5, 100)
    place = layout.pack_place(7, 42)
    assert layout.decode_record(place, head + b"value") == StoredRecord(42, b"value", None, 1.5)
    assert layout.decode_totals(head + b"value") == (1.5, 1.5, 100, 105)


@pytest.mark.parametrize(
    "limits", [None, Retain("a"), Retain("a", 0.5, 2**40, 0), Retain("a", records=3)]
)
def test_an_entry(limits: Retain | None) -> None:
    state = layout.ShardState(1, 2, 3, 2**50, 4.5, limits)
    same = layout.decode_entry("a", state.encode())
    assert (same.id, same.start, same.end, same.size, same.latest) == (1, 2, 3, 2**50, 4.5)
    assert same.limits == limits


def test_a_copy_is_another_one() -> None:
    state = layout.ShardState(1, 2, 3, 4, 5.0, None)
    state.witness = b"k"
    copy = state.copy()
    copy.end = 9
    assert (state.end, copy.witness, copy.id) == (3, b"k", 1)


def test_what_comes_after_a_prefix() -> None:
    assert layout.after_prefix(b"a") == b"b"
    assert layout.after_prefix(b"a\xff\xff") == b"b"
    assert layout.after_prefix(b"\xff") is None
    assert layout.after_prefix(b"") is None


def test_names_keep_their_order() -> None:
    names = ["", "a", "ä", "\ud800", "\uffff", "\U0001f980"]
    encoded = [layout.encode_name(name) for name in sorted(names)]
    assert encoded == sorted(encoded)
    assert [layout.decode_name(name) for name in encoded] == sorted(names)
    assert max(encoded) < layout.END_OF_NAMES
