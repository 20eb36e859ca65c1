"""The codec's property table against a second copy of the specification's."""

import pytest
from codec_cases.property_rows import EVERYWHERE, ROWS, Row

from robustmq_mqtt.codec.properties import Properties
from robustmq_mqtt.codec.property_table import PROPERTY_BY_IDENTIFIER, PROPERTY_TABLE


def test_same_properties_in_ascending_order() -> None:
    assert [spec.identifier for spec in PROPERTY_TABLE] == [row.identifier for row in ROWS]
    assert [spec.name for spec in PROPERTY_TABLE] == [row.name for row in ROWS]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_same_places(row: Row) -> None:
    spec = PROPERTY_BY_IDENTIFIER[row.identifier]
    assert spec is not None
    assert {place for place in range(17) if spec.places >> place & 1} == row.places


def test_index_has_nothing_else() -> None:
    assert len(PROPERTY_BY_IDENTIFIER) == 256
    assert sum(spec is not None for spec in PROPERTY_BY_IDENTIFIER) == len(ROWS) == 27


def test_every_property_has_an_attribute() -> None:
    empty = Properties()
    assert all(getattr(empty, row.name) is None for row in ROWS)
    assert len(EVERYWHERE) == 14
