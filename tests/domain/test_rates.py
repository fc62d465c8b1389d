"""Rates in words: no rate that is above zero is shown as zero."""

from __future__ import annotations

import pytest

from scidex_console.domain.rates import format_rate


@pytest.mark.parametrize(
    ("per_second", "told"),
    [
        (2.0, "2/s"),
        (0.1, "0.1/s"),
        (0.05, "3/min"),
        (1 / 60, "1/min"),
        (0.0167, "1/min"),
        (1 / 3600, "1/h"),
        (0.00028, "1/h"),
        (1e-9, "3.6e-06/h"),
        (0.0, "0/s"),
    ],
)
def test_a_slow_rate_is_told_by_the_minute_or_the_hour(per_second: float, told: str) -> None:
    assert format_rate(per_second) == told
    assert format_rate(per_second, "requests") == told.replace("/", " requests/")
