"""The state of a host group's gate, in a few words."""

from __future__ import annotations

from datetime import datetime, timedelta

from scidex_console.domain.durations import format_duration
from scidex_console.domain.hosts import BreakerState, GateState


def is_throttled(gate: GateState, now: datetime) -> bool:
    """Whether an operator's lower budget is all that holds a group back."""
    return gate_state(gate, now).startswith("throttled")


def gate_state(gate: GateState, now: datetime) -> str:
    """What keeps a group from being asked at its full pace, in a few words; empty when nothing does."""
    if gate.breaker is not BreakerState.CLOSED:
        return f"breaker {gate.breaker}" + _left(gate.breaker_until, now)
    if gate.hold_until is not None and gate.hold_until > now:
        return "hold" + _left(gate.hold_until, now) + (f" ({gate.hold_cause})" if gate.hold_cause else "")
    if gate.opens_at is not None and gate.opens_at > now:
        return "off peak" + _left(gate.opens_at, now) + f" ({gate.hours})"
    if gate.override is not None and gate.override.until > now:
        return f"throttled by {gate.override.operator}" + _left(gate.override.until, now)
    return ""


def _left(until: datetime | None, now: datetime) -> str:
    if until is None or until <= now:
        return ""
    return f" {format_duration(float(int((until - now) / timedelta(seconds=1))))}"
