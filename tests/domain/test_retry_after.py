"""Retry-After by a table of cases; our own time is 2019-06-03 11:00:00 UTC in all of them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scidex_console.domain.retry_after import parse_http_date, parse_retry_after

NOW = datetime(2019, 6, 3, 11, 0, tzinfo=UTC)
TABLE = Path(__file__).parents[1] / "data" / "retry_after_cases.tsv"


def cases() -> list[tuple[str, str | None, float | None]]:
    found = []
    for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]:
        value, date, seconds, _ = line.split("\t")
        value = value.encode().decode("unicode_escape")
        found.append((value, date or None, None if seconds == "INVALID" else float(seconds)))
    return found


@pytest.mark.parametrize(("value", "date", "seconds"), cases())
def test_value_means_so_many_seconds(value: str, date: str | None, seconds: float | None) -> None:
    assert parse_retry_after([value], now=NOW, date=date) == seconds


def dates() -> list[tuple[str, str]]:
    lines = (TABLE.parent / "http_dates.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [(value, moment) for value, moment, _ in (line.split("\t") for line in lines)]


@pytest.mark.parametrize(("value", "moment"), dates())
def test_an_http_date_in_any_form_is_a_moment_or_nothing(value: str, moment: str) -> None:
    expected = None if moment == "INVALID" else datetime.fromisoformat(moment).replace(tzinfo=UTC)
    assert parse_http_date(value, now=NOW) == expected


def test_no_header_means_nothing() -> None:
    assert parse_retry_after([], now=NOW) is None


def test_the_longest_of_several_valid_values_counts() -> None:
    assert parse_retry_after(["5", "junk", "30"], now=NOW) == 30.0


def test_a_year_of_two_digits_is_at_most_fifty_years_ahead() -> None:
    near = parse_http_date("Monday, 03-Jun-69 11:00:00 GMT", now=NOW)
    far = parse_http_date("Monday, 03-Jun-70 11:00:00 GMT", now=NOW)
    assert near is not None and near.year == 2069
    assert far is not None and far.year == 1970


@given(st.text(max_size=60))
def test_no_text_raises_and_no_wait_is_negative(text: str) -> None:
    wait = parse_retry_after([text], now=NOW, date=text)
    assert wait is None or wait >= 0
