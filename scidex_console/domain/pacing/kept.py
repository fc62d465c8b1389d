"""A group's pace as it is kept over a restart, and taken up again."""

from __future__ import annotations

from datetime import datetime

from scidex_console.domain.hosts import BreakerState, GateState
from scidex_console.domain.pacing.group_pace import GroupPace, Moment, TemporaryBudget
from scidex_console.domain.pacing.manners import Manners


def longest_interval(pace: GroupPace, state: GateState, now: Moment, manners: Manners) -> float:
    """Seconds between two requests, as they are now or were when the state was kept.

    What was kept of an operator's budget counts no more than the budget itself, which may have ended.
    """
    kept = manners.spacing / state.rate if state.rate > 0 and state.override is None else 0.0
    return max(pace.interval(now.at), kept)


def take_up(pace: GroupPace, state: GateState, now: Moment, manners: Manners) -> None:
    """Make `pace` what was kept of it.

    Spans are bounded by what they can be at most (one interval, the cap of a hold, the longest opening), so a
    clock that was set meanwhile closes nothing for years.
    """
    if state.override is not None and (ends_in := _left(now, state.override.until)) > 0:
        pace.budget = TemporaryBudget(state.override, now.at + ends_in)
    longest = longest_interval(pace, state, now, manners)
    pace.not_before = max(pace.not_before, now.at + min(_left(now, state.next_at), longest))
    if state.hold_until is not None:
        pace.held.until = now.at + min(_left(now, state.hold_until), manners.retry_after_cap)
        pace.held.cause = state.hold_cause
        pace.held.began = now.at
    pace.held.in_a_row = state.holds_in_a_row
    pace.breaker.failures = state.failures_in_a_row
    pace.breaker.openings = state.breaker_openings
    pace.breaker.state = state.breaker
    pace.breaker.cause = state.hold_cause if state.hold_until is None else ""
    if state.breaker is BreakerState.OPEN:
        pace.breaker.until = now.at + min(_left(now, state.breaker_until), manners.breaker_longest)


def closed_until(state: GateState, now: Moment, manners: Manners) -> float:
    """Until when (`Moment.at`) what was kept leaves its hosts alone, if it was taken up at `now`."""
    opened = state.breaker_until if state.breaker is BreakerState.OPEN else None
    return now.at + max(
        min(_left(now, state.hold_until), manners.retry_after_cap),
        min(_left(now, opened), manners.breaker_longest),
        min(_left(now, state.next_at), manners.spacing / state.rate if state.rate > 0 else 0.0),
    )


def join(pace: GroupPace, state: GateState, now: Moment, manners: Manners) -> None:
    """Let what was kept of a group close another one that has hosts of it since, if for longer."""
    longest = longest_interval(pace, state, now, manners)
    pace.not_before = max(pace.not_before, now.at + min(_left(now, state.next_at), longest))
    held = now.at + min(_left(now, state.hold_until), manners.retry_after_cap)
    if held > max(now.at, pace.held.until):
        pace.held.until, pace.held.began, pace.held.cause = held, now.at, state.hold_cause
        pace.held.in_a_row = max(pace.held.in_a_row, state.holds_in_a_row)
    opened = now.at + min(_left(now, state.breaker_until), manners.breaker_longest)
    if state.breaker is BreakerState.OPEN and opened > now.at + pace.breaker.open_for(now.at):
        pace.breaker.state, pace.breaker.until = BreakerState.OPEN, opened
        pace.breaker.failures, pace.breaker.openings = state.failures_in_a_row, state.breaker_openings
        pace.breaker.cause = state.hold_cause if state.hold_until is None else ""


def _left(now: Moment, until: datetime | None) -> float:
    return max(0.0, (until - now.wall).total_seconds()) if until else 0.0
