"""Two rates are compared exactly; the table holds values that R's `poisson.test` and `binom.test` give."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest

from scidex_console.domain.soak.poisson import EventCount, binomial_p, same_rate_p


@pytest.mark.parametrize(
    ("before", "during", "p"),
    [
        # poisson.test(c(11, 21), c(800, 3011)), the example of R's manual
        (EventCount(21, 3011), EventCount(11, 800), 0.07967),
        (EventCount(0, 3600), EventCount(0, 60), 1.0),
        # One event in all can come at any time: both divisions are looked at.
        (EventCount(0, 3600), EventCount(1, 3600), 1.0),
        # 2 * 0.5 ** 10
        (EventCount(0, 1), EventCount(10, 1), 2 / 1024),
        (EventCount(10, 1), EventCount(0, 1), 2 / 1024),
        # A week with seven events, then a day with seven
        (EventCount(7, 7 * 86400), EventCount(7, 86400), 0.000731206),
        (EventCount(7, 7 * 86400), EventCount(1, 86400), 1.0),
    ],
)
def test_the_p_value_is_the_exact_one(before: EventCount, during: EventCount, p: float) -> None:
    assert same_rate_p(before, during) == pytest.approx(p, rel=1e-3)


def test_the_binomial_test_is_that_of_r() -> None:
    assert binomial_p(682, 925, 0.75) == pytest.approx(0.3825, abs=5e-5)


@pytest.mark.parametrize("trials", [1, 2, 5, 13, 40])
@pytest.mark.parametrize("share", [Fraction(1, 8), Fraction(1, 2), Fraction(9, 10)])
def test_it_agrees_with_sums_of_fractions(trials: int, share: Fraction) -> None:
    chances = [comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in range(trials + 1)]
    for seen in range(trials + 1):
        exact = sum(chance for chance in chances if chance <= chances[seen])
        assert binomial_p(seen, trials, float(share)) == pytest.approx(float(exact), rel=1e-9)


def test_many_events_are_no_trouble() -> None:
    assert same_rate_p(EventCount(700_000, 7.0), EventCount(100_100, 1.0)) == pytest.approx(0.79, abs=0.05)
    assert same_rate_p(EventCount(7_000, 7.0), EventCount(2_000, 1.0)) == pytest.approx(0.0, abs=1e-30)


def test_without_time_there_is_no_rate() -> None:
    assert same_rate_p(EventCount(0, 0.0), EventCount(3, 60.0)) is None
    assert EventCount(0, 0.0).per_day is None
    assert EventCount(1, 43_200.0).per_day == 2.0
