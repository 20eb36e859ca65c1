"""Against a sorted list of the same values."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustmq_common.histogram import BUCKETS, HIGHEST, Histogram, bucket_of, from_json, middle_of

VALUES = st.lists(
    st.one_of(st.integers(0, 300), st.integers(0, 10**6), st.integers(0, HIGHEST)), min_size=1
)


def filled(values: list[int]) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
    return histogram


def state(histogram: Histogram) -> dict[str, object]:
    return histogram.to_json()


@given(st.integers(0, HIGHEST))
def test_the_middle_of_a_bucket_is_near_every_value_in_it(value: int) -> None:
    bucket = bucket_of(value)
    assert 0 <= bucket < BUCKETS
    assert abs(middle_of(bucket) - value) <= value / 128


@given(st.integers(0, HIGHEST - 1))
def test_buckets_are_in_order_and_without_gaps(value: int) -> None:
    assert bucket_of(value + 1) - bucket_of(value) in (0, 1)


def test_every_bucket_is_that_of_its_middle() -> None:
    assert [bucket_of(middle_of(bucket)) for bucket in range(BUCKETS)] == list(range(BUCKETS))
    assert bucket_of(HIGHEST) == BUCKETS - 1


@given(VALUES, st.floats(0, 100))
def test_percentiles_are_those_of_the_sorted_list_within_one_percent(
    values: list[int], percent: float
) -> None:
    histogram = filled(values)
    rank = max(1, math.ceil(len(values) * percent / 100))
    exact = sorted(values)[rank - 1]
    assert abs(histogram.percentile(percent) - exact) <= exact * 0.01


@given(VALUES)
def test_the_rest_is_exact(values: list[int]) -> None:
    histogram = filled(values)
    assert histogram.count == len(values)
    assert histogram.total == sum(values)
    assert (histogram.minimum, histogram.maximum) == (min(values), max(values))
    assert histogram.mean() == pytest.approx(sum(values) / len(values))
    assert histogram.percentile(100) <= histogram.maximum


@given(VALUES, VALUES)
def test_merging_is_recording_both(one: list[int], other: list[int]) -> None:
    merged = filled(one)
    merged.merge(filled(other))
    merged.merge(Histogram())
    assert state(merged) == state(filled([*one, *other]))


@given(st.lists(st.integers(0, HIGHEST)))
def test_json_brings_all_of_it_back(values: list[int]) -> None:
    histogram = filled(values)
    assert state(from_json(json.loads(json.dumps(histogram.to_json())))) == state(histogram)


def test_times_records_the_same_value_so_often() -> None:
    histogram = Histogram()
    histogram.record(70, 3)
    histogram.record(5, 0)
    assert state(histogram) == state(filled([70, 70, 70]))


def test_what_is_out_of_range_counts_as_the_nearest_in_it() -> None:
    histogram = filled([-5, HIGHEST + 5])
    assert (histogram.minimum, histogram.maximum) == (0, HIGHEST)


def test_nothing_recorded_is_zero_everywhere() -> None:
    histogram = Histogram()
    assert (histogram.percentile(50), histogram.mean(), histogram.minimum) == (0, 0.0, 0)


GOOD = {"count": 1, "total": 5, "min": 5, "max": 5, "buckets": [[5, 1]]}


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ([], "an object with"),
        ({}, "an object with"),
        ({**GOOD, "buckets": [5]}, "written as"),
        ({**GOOD, "buckets": [[5, -1]]}, "a count"),
        ({**GOOD, "buckets": [[BUCKETS, 1]]}, "no bucket"),
        ({**GOOD, "count": 2}, "add up"),
        ({**GOOD, "min": "5"}, "min of a histogram"),
    ],
)
def test_what_is_no_histogram_is_refused(document: object, what: str) -> None:
    assert from_json(GOOD).count == 1
    with pytest.raises(ValueError, match=what):
        from_json(document)
