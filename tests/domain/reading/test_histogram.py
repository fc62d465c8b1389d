"""Times in buckets, and what they say of their quantiles."""

from __future__ import annotations

import random
from collections import Counter
from itertools import pairwise

import pytest

from scidex_console.domain.reading.histogram import BOUNDS_US, added, bucket_of, quantile_ms


def test_bounds_rise_by_about_an_eighth_and_half_a_second_is_one() -> None:
    assert 500_000 in BOUNDS_US
    assert all(1.09 < following / bound < 1.15 for bound, following in pairwise(BOUNDS_US))


def test_a_time_counts_in_the_first_bucket_that_holds_it() -> None:
    assert bucket_of(0) == BOUNDS_US[0]
    assert bucket_of(0.5) == 500_000
    assert bucket_of(0.500001) == 560_000
    assert bucket_of(3600) == BOUNDS_US[-1]


@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_quantiles_are_off_by_less_than_a_bucket(share: float) -> None:
    times = sorted(random.Random(7).lognormvariate(-4, 1) for _ in range(5000))
    found = quantile_ms(Counter(map(bucket_of, times)), share)
    assert found == pytest.approx(times[int(share * len(times)) - 1] * 1000, rel=0.13)


def test_quantiles_of_counts_added_up_are_those_of_all_times() -> None:
    times = [random.Random(3).expovariate(50) for _ in range(600)]
    parts = [Counter(map(bucket_of, times[start::3])) for start in range(3)]
    whole = Counter(map(bucket_of, times))
    assert quantile_ms(added(*parts), 0.99) == quantile_ms(whole, 0.99)


def test_nothing_counted_has_no_quantile() -> None:
    assert quantile_ms({}, 0.99) is None
