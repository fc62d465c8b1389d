"""Retry-After: how long a server asks to be left alone (RFC 9110, sections 10.2.3 and 5.6.7).

What is not exactly a number of seconds or an HTTP date counts as absent; the caller then has a pause of its
own. A date is taken relative to the answer's own Date, so that a wrong clock on either side does no harm.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

_SECONDS: Final = re.compile(r"[0-9]+")
_JOINED: Final = re.compile(r",(?=[ \t]*(?:[0-9]+[ \t]*(?:,|$)|[A-Za-z]{3,9}(?:, | [A-Za-z])))")
"""Between two values in one line; the comma within a date is followed by its day and month."""
_LONGEST: Final = 1e9
"""Seconds; a longer number means the same: not in our time."""

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIME: Final = r"(?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})"
_MONTH: Final = r"(?P<month>[A-Za-z]{3})"
_DATES: Final = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        # IMF-fixdate; a day of one digit and UTC for GMT are met in the wild.
        rf"[A-Za-z]{{3}}, (?P<day>\d{{1,2}}) {_MONTH} (?P<year>\d{{4}}) {_TIME} (?:GMT|UTC)",
        # RFC 850, with a year of two digits.
        rf"[A-Za-z]{{6,9}}, (?P<day>\d{{2}})-{_MONTH}-(?P<year>\d{{2}}) {_TIME} (?:GMT|UTC)",
        # asctime, which has no zone and means UTC.
        rf"[A-Za-z]{{3}} {_MONTH} (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)


def parse_retry_after(values: Iterable[str], *, now: datetime, date: str | None = None) -> float | None:
    """Seconds to wait, not negative; None when no value is valid. Of several values the longest counts.

    Several lines may have been joined by a proxy (RFC 9110, section 5.3), and mean the same then.
    `now` is our own time (aware), used for a date when the answer's `date` header is absent or invalid.
    """
    parts = (part.strip(" \t") for value in values for part in _JOINED.split(value))
    waits = [wait for part in parts if (wait := _wait(part, now, date)) is not None]
    return max(waits, default=None)


def _wait(value: str, now: datetime, date: str | None) -> float | None:
    if _SECONDS.fullmatch(value):
        return _LONGEST if len(value.lstrip("0")) > 9 else float(value)
    until = parse_http_date(value, now=now)
    if until is None:
        return None
    asked_at = parse_http_date(date, now=now) if date is not None else None
    return min(_LONGEST, max(0.0, (until - (asked_at or now)).total_seconds()))


def parse_http_date(value: str, *, now: datetime) -> datetime | None:
    """An HTTP date in any of its three forms, in UTC; None when it is none.

    A year of two digits that would lie more than 50 years ahead of `now` is in the past century.
    """
    for form in _DATES:
        if match := form.fullmatch(value.strip(" \t")):
            return _moment(match, now)
    return None


def _moment(match: re.Match[str], now: datetime) -> datetime | None:
    month = match["month"].lower()
    if month not in _MONTHS:
        return None
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += now.year // 100 * 100
        year -= 100 if year > now.year + 50 else 0
    second = min(int(match["second"]), 59)  # a leap second is written :60
    try:
        return datetime(
            year,
            _MONTHS.index(month) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            second,
            tzinfo=UTC,
        )
    except ValueError:
        return None
