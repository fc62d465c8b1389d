"""The clock counts what was looked at, stops at a failure and starts at nothing after it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from scidex_console.domain.soak.clock import ClockState, Span, SpanKind, counted_s, read_clock
from tests.domain.soak.samples import DAY_S, NOW, at, span

_H, _W, _F = SpanKind.HELD, SpanKind.WAITED, SpanKind.FAILED


def clock_of(*spans: Span, needed_s: float = DAY_S):  # type: ignore[no-untyped-def]
    return read_clock(spans, needed_s=needed_s, now=NOW, longest_s=210.0)


def test_nothing_measured_is_waited_for() -> None:
    clock = clock_of()
    assert (clock.state, clock.elapsed_s, clock.left_s) == (ClockState.WAITING, 0.0, DAY_S)


def test_a_day_that_held_is_done() -> None:
    assert clock_of(span(_H, 1, 26)).state is ClockState.DONE


def test_it_runs_until_then() -> None:
    clock = clock_of(span(_W, 0, 20, why="existing"), span(_H, 20, 26))
    assert (clock.state, clock.elapsed_s, clock.since) == (ClockState.RUNNING, 6 * 3600, at(20))


def test_a_failure_stops_it_and_says_why() -> None:
    clock = clock_of(span(_H, 0, 23), span(_F, 23, 26, why="files: 3 lost"))
    assert (clock.state, clock.elapsed_s, clock.why) == (ClockState.STOPPED, 0.0, "files: 3 lost")
    assert clock.since == at(23)


def test_after_a_failure_it_starts_at_nothing() -> None:
    clock = clock_of(span(_H, 0, 23), span(_F, 23, 24, why="files"), span(_H, 24, 26))
    assert (clock.state, clock.elapsed_s) == (ClockState.RUNNING, 2 * 3600)


def test_a_night_without_an_engine_neither_counts_nor_costs() -> None:
    clock = clock_of(span(_H, 0, 5), span(_H, 17, 26))
    assert (clock.state, clock.elapsed_s, clock.since) == (ClockState.RUNNING, 14 * 3600, at(0))


def test_nobody_looking_is_told_and_keeps_what_was_counted() -> None:
    clock = clock_of(span(_H, 0, 12))
    assert (clock.state, clock.elapsed_s) == (ClockState.UNWATCHED, 12 * 3600)
    assert "engine" in clock.why


def test_a_done_clock_stays_done_without_anybody_looking() -> None:
    assert clock_of(span(_H, 0, 24.5)).state is ClockState.DONE


@pytest.mark.parametrize(
    ("seconds", "counts"),
    [(60, 60), (210, 210), (211, 0), (36_000, 0), (0, 0), (-60, 0), (-36_000, 0)],
    ids=["a round", "the longest", "a gap", "a jump forward", "at once", "a step back", "a jump back"],
)
def test_only_sane_times_between_two_looks_count(seconds: float, counts: float) -> None:
    assert counted_s(NOW, NOW + timedelta(seconds=seconds), longest_s=210.0) == counts


def test_a_clock_that_jumped_back_does_not_undo_what_was_counted() -> None:
    before = Span(_H, at(0), at(20), 20 * 3600)
    after_the_jump = Span(_H, at(10), at(26), 3600)
    clock = clock_of(before, after_the_jump)
    assert clock.elapsed_s == 21 * 3600
