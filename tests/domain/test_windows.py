"""Hours of the day in which a group may be asked, by the clocks of its own time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scidex_console.domain.windows import parse_window


@pytest.mark.parametrize(
    ("hours", "zone", "now", "seconds"),
    [
        ("22:00-06:00", "UTC", "2026-05-19T21:59:00", 60),
        ("22:00-06:00", "UTC", "2026-05-19T22:00:00", 0),
        ("22:00-06:00", "UTC", "2026-05-20T05:59:59", 0),
        ("22:00-06:00", "UTC", "2026-05-20T06:00:00", 16 * 3600),
        ("01:00-02:30", "UTC", "2026-05-19T02:30:00", 22.5 * 3600),
        ("01:00-02:30", "UTC", "2026-05-19T01:00:00", 0),
        ("22:00-06:00", "Europe/London", "2026-05-19T20:30:00", 30 * 60),
        ("22:00-06:00", "Europe/London", "2026-01-19T20:30:00", 90 * 60),
        ("22:00-06:00", "America/New_York", "2026-05-19T12:00:00", 14 * 3600),
        # The night in which the clocks go forward is an hour shorter; 01:30 does not exist.
        ("03:00-04:00", "Europe/London", "2026-03-29T00:00:00", 2 * 3600),
        ("01:30-04:00", "Europe/London", "2026-03-29T00:00:00", 3600),
    ],
)
def test_it_opens_in_so_many_seconds(hours: str, zone: str, now: str, seconds: float) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert parse_window(hours, zone).opens_in(moment) == pytest.approx(
        seconds, abs=1800 if "29T" in now else 0
    )


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
    st.sampled_from(["22:00-06:00", "01:00-05:00", "00:00-00:01", "02:10-02:20"]),
    st.sampled_from(["UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_it_is_open_when_the_time_has_come_and_never_more_than_a_day_away(
    now: datetime, hours: str, zone: str
) -> None:
    window = parse_window(hours, zone)
    moment = now.replace(tzinfo=UTC)
    for _ in range(3):  # an opening in an hour that the clocks skip takes a second look
        wait = window.opens_in(moment)
        assert 0 <= wait <= 50 * 3600
        moment += timedelta(seconds=wait)
    assert window.opens_in(moment) == 0


@pytest.mark.parametrize(
    ("hours", "zone"),
    [
        ("22-06", "UTC"),
        ("22:00-22:00", "UTC"),
        ("25:00-06:00", "UTC"),
        ("22:00-06:00", "Mars/Olympus"),
        ("", "UTC"),
    ],
)
def test_what_is_no_window_is_refused(hours: str, zone: str) -> None:
    with pytest.raises(ValueError):
        parse_window(hours, zone)
