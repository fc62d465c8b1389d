"""Numbers, times and states as an operator reads them at a glance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from scidex_console.console.presentation.cells import Cell
from scidex_console.domain.durations import format_duration
from scidex_console.domain.runs import RunState
from scidex_console.domain.sizes import size as size
from scidex_console.engine.actions import PROGRAM
from scidex_console.engine.views import RunView

NOTHING = "–"
_COMMAND = re.compile(rf"`{PROGRAM}(?=[ `])")
_BARS = "▁▂▃▄▅▆▇█"


def as_typed(text: str, program: str) -> str:
    """The text with the command lines in it, between backticks, as they must be typed here."""
    return _COMMAND.sub(lambda _match: f"`{program}", text)


def count(number: int, width: int = 7) -> str:
    """A count with thousands separators; shortened to k or M when it would not fit in `width`."""
    text = f"{number:,}"
    if len(text) <= width:
        return text
    for step, unit in ((1_000, "k"), (1_000_000, "M")):
        for digits in (1, 0):
            text = f"{number / step:.{digits}f}{unit}"
            if len(text) <= width and number / step < 10_000:
                return text
    return f"{number:.0e}"


def tally(number: int, tone: str = "", width: int = 7) -> Cell:
    """A count as a cell: zero is dim, so that what matters stands out."""
    return Cell(count(number, width), tone if number else "dim")


def clock(at: datetime | None) -> str:
    """Time of day in UTC, to the second."""
    return at.astimezone(UTC).strftime("%H:%M:%S") if at else NOTHING


def moment(at: datetime | None, now: datetime | None) -> str:
    """Time in UTC, with the day where it is not today's."""
    if at is None:
        return NOTHING
    at = at.astimezone(UTC)
    same_day = now is not None and at.date() == now.astimezone(UTC).date()
    return clock(at) if same_day else at.strftime("%m-%d %H:%M:%S")


def brief_moment(at: datetime, now: datetime | None) -> str:
    """The same to the minute where the day is told, for narrow columns."""
    return moment(at, now)[:11]


def at_length(at: datetime | None) -> str:
    """Date and time in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at else NOTHING


def duration(seconds: float | None) -> str:
    """A duration for a column of changing figures: whole seconds only, at most two units."""
    if seconds is None:
        return NOTHING
    return format_duration(float(int(max(seconds, 0.0))))


def about(seconds: float | None) -> str:
    """A forecast, in six columns: no finer than it can be known, so that it does not seem to jump."""
    if seconds is None:
        return NOTHING
    whole = int(max(seconds, 0.0))
    unit = next((unit for most, unit in ((600, 1), (36_000, 60), (864_000, 3600)) if whole < most), 86_400)
    return f"~{format_duration(float(whole // unit * unit))}"


def ago(seconds: float) -> str:
    """How long ago, coarsely: it must not change with every second."""
    return "just now" if seconds < 60 else f"{format_duration(float(int(seconds) // 60 * 60))} ago"


def per_minute(rate: float | None) -> str:
    """Rows a minute, or an hour where they are few; in eight columns at most."""
    if rate is None:
        return NOTHING
    if 0 < rate < 0.1:
        return f"{rate * 60:.2g}/h"
    if rate < 9999.5:
        return f"{rate:.1f}/min" if rate < 100 else f"{rate:.0f}/min"
    return f"{rate / 1000:.0f}k/min"


def sparkline(values: Sequence[int], width: int, last: int) -> str:
    """The latest values as bars, newest on the right; neighbours are added up to fit in `width`.

    `last` is the number of the newest value, counted from a fixed beginning: which values are added up does
    not change while time goes on.
    """
    if not values or width <= 0:
        return ""
    each = -(-len(values) // width)
    first = last - len(values) + 1
    sums: dict[int, int] = {}
    for number, value in enumerate(values, first):
        sums[number // each] = sums.get(number // each, 0) + value
    bars = list(sums.values())[-width:]
    top = max(bars)
    return "".join(_BARS[-(-value * (len(_BARS) - 1) // top)] if top else _BARS[0] for value in bars)


_RUN_TONES = {
    RunState.RUNNING: "ok",
    RunState.STEPPING: "ok",
    RunState.PAUSING: "warn",
    RunState.PAUSED: "warn",
    RunState.CANCELLING: "warn",
    RunState.HALTED: "badge-bad",
    RunState.DONE: "strong",
    RunState.CANCELLED: "dim",
    RunState.PLANNED: "dim",
}


def run_state(run: RunView | None) -> Cell:
    """A run's state in one word, steps left included."""
    if run is None:
        return Cell("no run", "dim")
    text = run.state.value.upper()
    if run.state is RunState.STEPPING and run.steps_left is not None:
        text = f"STEP {run.steps_left}"
    return Cell(text, _RUN_TONES[run.state])
