"""Numbers, durations and bars as an operator reads them."""

from __future__ import annotations

import pytest

from scidex_console.console.presentation.words import (
    ago,
    count,
    duration,
    per_minute,
    run_state,
    size,
    sparkline,
)
from scidex_console.domain.runs import RunState
from tests.console.fakes import a_run


@pytest.mark.parametrize(
    ("number", "width", "shown"),
    [
        (0, 6, "0"),
        (11_667, 6, "11,667"),
        (999_999, 7, "999,999"),
        (1_234_567, 7, "1234.6k"),
        (1_234_567, 6, "1235k"),
        (12_345_678, 5, "12.3M"),
        (250_000_000, 4, "250M"),
    ],
)
def test_a_count_is_shortened_only_where_it_must_be(number: int, width: int, shown: str) -> None:
    assert count(number, width) == shown
    assert len(count(number, width)) <= width


def test_durations_change_by_whole_seconds() -> None:
    assert [duration(s) for s in (None, 0.4, 9.9, 95, 7100)] == ["–", "0s", "9s", "1m35s", "1h58m"]


def test_how_long_ago_does_not_change_every_second() -> None:
    assert [ago(s) for s in (0, 59, 60, 119, 4000)] == [
        "just now",
        "just now",
        "1m ago",
        "1m ago",
        "1h6m ago",
    ]


def test_the_newest_minute_is_the_last_bar() -> None:
    assert sparkline((0, 0, 4, 8), 4, 100) == "▁▁▅█"
    assert sparkline((1, 1, 1, 1, 8), 3, 100) == "▃▃█"
    assert sparkline((0, 0), 2, 100) == "▁▁"
    assert sparkline((), 8, 100) == ""


def test_values_added_up_stay_together_while_time_goes_on() -> None:
    minutes = (0, 0, 3, 0, 0, 5, 1, 1, 0, 8, 0, 0, 2, 0)
    shown = [sparkline(minutes[at : at + 8], 4, at + 7) for at in range(5)]
    assert shown == ["▁▆█▄", "▆█▄▁", "▄▆▃█", "▆▃█▁", "▆▃█▁"]


def test_a_single_row_in_a_minute_is_not_drawn_as_none() -> None:
    assert sparkline((0, 1, 1000), 3, 100) == "▁▂█"


def test_rates_and_sizes() -> None:
    assert [per_minute(r) for r in (None, 0.0, 38.24, 1234.5)] == ["–", "0.0/min", "38.2/min", "1234/min"]
    assert [per_minute(r) for r in (1 / 60, 0.05, 0.1)] == ["1/h", "3/h", "0.1/min"]
    assert [per_minute(r) for r in (9999.4, 9999.6, 13_320.0)] == ["9999/min", "10k/min", "13k/min"]
    assert [size(n) for n in (12, 51_200, 1_288_490_189, 5 * 1024**4)] == [
        "12 B",
        "50.0 KiB",
        "1.2 GiB",
        "5.0 TiB",
    ]


def test_every_run_state_is_a_word() -> None:
    words = {run_state(a_run(state)).text for state in RunState}
    assert len(words) == len(RunState)
    assert run_state(None).text == "no run"
    assert run_state(a_run(RunState.STEPPING, steps_left=3)).text == "STEP 3"
