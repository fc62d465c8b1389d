"""How long a run still needs: pure arithmetic over what each host group has left and how fast it goes.

Groups are worked on side by side, each at its own pace, so the run ends when its slowest group does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ENOUGH_S = 60.0
"""Seconds of work in one stretch after which its pace is believed."""
ENOUGH_ROWS = 20
"""Rows settled after which the pace is believed sooner than that."""
_ENOUGH_OF_GROUP = 5
"""Rows of one group that say more about its pace than its budget does, whatever stood in the way."""
REQUESTS_PER_ROW = 2.0
"""HEAD, then GET: what a row costs a group's budget as long as nothing was measured."""


@dataclass(frozen=True)
class GroupLoad:
    """What is left to ask of one host group, and what is known of its pace."""

    due: int
    """Rows that may be asked now."""
    budget: float
    """Requests a second it may be asked."""
    settled: int = 0
    """Rows of it settled within the stretch that was measured."""
    later: int = 0
    """Rows put off by a back-off."""
    last_due_s: float = 0.0
    """Seconds until the last of those is due."""
    closed_s: float = 0.0
    """Seconds a hold or an open breaker still lasts."""


def is_known(groups: Sequence[GroupLoad], span_s: float) -> bool:
    """Whether the stretch tells enough: a minute of work with an outcome, or enough outcomes.

    When every row is put off, the times it waits for are known without any.
    """
    settled = sum(group.settled for group in groups)
    if not any(group.due for group in groups):
        return True
    return settled >= ENOUGH_ROWS or (settled > 0 and span_s >= ENOUGH_S)


def seconds_left(groups: Sequence[GroupLoad], span_s: float) -> float | None:
    """Seconds until no group has a row left to ask; None as long as that cannot be told.

    `span_s` is how long the run has been at work in this stretch (since it started or went on, and no longer
    than is looked back), the seconds in which the `settled` rows were settled.
    """
    if not is_known(groups, span_s):
        return None
    return max((_group(group, span_s) for group in groups), default=0.0)


def _group(group: GroupLoad, span_s: float) -> float:
    """Rows that are due follow its closing; those put off follow them, and not before they are due."""
    if group.due + group.later == 0:
        return 0.0
    per_row = _seconds_per_row(group, span_s)
    worked_off = group.closed_s + (group.due + group.later) * per_row
    last = max(group.last_due_s, group.closed_s) + per_row if group.later else 0.0
    return max(worked_off, last)


def _seconds_per_row(group: GroupLoad, span_s: float) -> float:
    """As measured, where enough was; the budget's pace while a closed group could not show its own."""
    measured = group.settled >= _ENOUGH_OF_GROUP or (
        group.settled > 0 and span_s >= ENOUGH_S and not group.closed_s
    )
    if measured and span_s > 0:
        return span_s / group.settled
    return REQUESTS_PER_ROW / group.budget
