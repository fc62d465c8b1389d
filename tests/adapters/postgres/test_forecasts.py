"""A remaining time on a screen is played anew only when it would tell something else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.forecasts import Forecasts
from scidex_console.adapters.postgres.snapshot import Rows

NOW = datetime(2026, 12, 2, 3, tzinfo=UTC)


def found(due: int) -> Mapping[str, Rows]:
    """What a refresh reads where so many rows of one host are to be asked."""
    counts: Rows = [{"subject": "figure", "host_group": "a.org", "state": "due", "n": due}]
    none: Rows = []
    others = ("list_hosts", "count_scheduled_figures", "count_suspected_figures")
    return {"list_counts": counts, **dict.fromkeys(others, none)}


@pytest.mark.parametrize(
    ("before", "after", "age_s", "anew"),
    [
        (20, 20, 5, False),
        (20, 20, 15, True),
        (9000, 9000, 50, False),
        (9000, 8950, 50, False),
        (9000, 9000, 70, True),
        (9000, 9200, 50, True),
        (9000, 9200, 1, False),
    ],
)
async def test_a_remaining_time_is_played_anew_once_it_would_tell_something_else(
    database: Database, before: int, after: int, age_s: int, *, anew: bool
) -> None:
    forecasts = Forecasts(database)
    first = await forecasts.seconds_left(found(before), 1, NOW)
    second = await forecasts.seconds_left(found(after), 1, NOW + timedelta(seconds=age_s))
    assert (second != first - age_s) is anew
