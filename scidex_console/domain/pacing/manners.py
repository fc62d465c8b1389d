"""What the gate goes by, beside the budgets of the groups."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Manners:
    """Times in seconds."""

    spacing: float = 1.05
    """Factor on 1/rate between two requests; what is above 1 absorbs the jitter of the way to the server."""
    lateness: float = 0.01
    """How late a request may leave without delaying those after it; taken from what `spacing` spares."""
    retry_after_cap: float = 21600.0
    """Longest hold a server is granted."""
    hold_first: float = 60.0
    """Hold after a 429 without Retry-After; doubles each time in a row, plus up to a quarter by chance."""
    hold_longest: float = 3600.0
    """Longest such hold."""
    breaker_failures: int = 5
    """Failures in a row that open a group's breaker."""
    breaker_first: float = 60.0
    """How long it stays open the first time; doubles with each opening in a row."""
    breaker_longest: float = 900.0
