"""The gap pane: per job how far, how fast, how long still, and what is stuck."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scidex_console.console.presentation.cells import Cell, Line, clean, crop_line
from scidex_console.console.presentation.columns import Column, Placed, choose, header_line, row_line
from scidex_console.console.presentation.words import (
    NOTHING,
    about,
    count,
    per_minute,
    run_state,
    size,
    sparkline,
    tally,
)
from scidex_console.domain.folders.acceptance import Acceptance
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import OPEN, WORKING, RunState
from scidex_console.engine.views import GapView, RunView
from scidex_console.engine.vocabulary import counted

_JOB = Column("job", "job", 9)
_STATE = Column("state", "run", 10)
_MAIN = (
    Column("missing", "missing", 7, align="right"),
    Column("total", "of total", 8, rank=2, align="right"),
    Column("done", "done", 6, align="right"),
    Column("dead", "marked", 6, rank=1, align="right"),
)
_PACE = (
    Column("rate", "rate", 8, align="right"),
    Column("eta", "left", 6, align="right"),
    Column("spark", "last 30 min", 10, rank=3, weight=1, widest=30),
)
_STUCK = (
    # Key, whole label, short label, style when there are any.
    ("transient", "transient", "trans", "warn"),
    ("blocked", "blocked", "block", "warn"),
    ("suspect", "suspect", "susp", "warn"),
    ("refused", "refused", "refus", "warn"),
    ("mismatch", "mismatch", "mism", "bad"),
    ("in_batch", "in batch", "batch", ""),
)
_EXTRA = (
    ("held_back", "held back", "held", "warn"),
    ("scheduled", "due later", "later", ""),
    ("no_url", "no address", "no addr", ""),
    ("suspected", "unproven", "unprov", ""),
    ("quarantined", "quarantined", "quar", "warn"),
    ("error", "errors", "err", "warn"),
    ("to_lay_again", "lay again", "again", ""),
)
_WORTH_A_ZERO = {
    JobName.FIGURES: ("transient", "blocked", "suspect", "refused", "in_batch"),
    JobName.FOLDERS: ("mismatch", "quarantined", "error", "in_batch"),
}
"""What a job can meet: worth its name in a narrow terminal even when there is none."""
_RARE = frozenset({"suspected", "quarantined", "error", "to_lay_again"})
"""Shown only while a job has any."""
_STUCK_COLUMNS = tuple(
    Column(key, label, max(len(label), 6), align="right") for key, label, _short, _tone in _STUCK
)
_EXTRA_COLUMNS = tuple(
    Column(key, label, len(label), rank=4 + index, align="right")
    for index, (key, label, *_) in enumerate(_EXTRA)
)
WIDE_FROM = 140
"""Terminal columns from which a job's figures stand on one line."""


def gap_lines(
    gaps: Sequence[GapView],
    *,
    width: int,
    selected: JobName | None,
    focused: bool,
    now: datetime,
    engine_runs: bool = True,
    acceptance: Acceptance | None = None,
    title: str = "Gap",
) -> tuple[Line, ...]:
    """Header and, per job, one line (wide) or two (narrow), and one more where a run waits or is halted."""
    wide = width >= WIDE_FROM
    extra = [c for c in _EXTRA_COLUMNS if c.key not in _RARE or any(getattr(gap, c.key) for gap in gaps)]
    columns = (_JOB, _STATE, *_MAIN, *((*_STUCK_COLUMNS, *extra) if wide else ()), *_PACE)
    placed = choose(columns, width)
    lines = [header_line(placed, title, "title-focus" if focused else "title")]
    for gap in gaps:
        is_selected = gap.job == selected
        lines.append(
            row_line(
                placed,
                _cells(gap, placed, is_selected, now, engine_runs),
                "cursor" if _lit(is_selected, focused) else "",
            )
        )
        if not wide and (gap.run or any(getattr(gap, key) for key, *_ in (*_STUCK, *_EXTRA))):
            lines.append(_stuck_line(gap, width))
        lines.extend(_cause_lines(gap.run, width))
        if gap.to_lay_again and (gap.run is None or gap.run.state not in OPEN):
            lines.append(_again_line(gap.to_lay_again, width))
        if is_selected and gap.job is JobName.FOLDERS and acceptance is not None:
            lines.append(crop_line(acceptance_line(acceptance), width))
    if not gaps:
        lines.append(Line((Cell("  no job is known yet", "dim"),)))
    return tuple(lines)


def _lit(selected: bool, focused: bool) -> bool:
    return selected and focused


def _cells(
    gap: GapView, placed: Sequence[Placed], selected: bool, now: datetime, engine_runs: bool
) -> dict[str, Cell]:
    spark_width = next((p.width for p in placed if p.column.key == "spark"), 0)
    ends = engine_runs and gap.missing and gap.run and gap.run.state in WORKING
    cells = {
        "job": Cell(("▸" if selected else " ") + gap.job.value, "strong" if selected else ""),
        "state": run_state(gap.run),
        "missing": tally(gap.missing, "strong"),
        "total": Cell(count(gap.total), "dim"),
        "done": tally(gap.done, "ok", 6),
        "dead": tally(gap.dead, "", 6),
        "rate": Cell(per_minute(gap.rate_per_min), "" if gap.rate_per_min else "dim"),
        "eta": Cell(about(gap.eta_s) if ends else NOTHING),
        "spark": Cell(
            sparkline(gap.per_minute, spark_width, int(now.timestamp() // 60)) if any(gap.per_minute) else "",
            "ok",
        ),
    }
    for key, _label, _short, tone in (*_STUCK, *_EXTRA):
        cells[key] = tally(getattr(gap, key), tone)
    return cells


def _stuck_line(gap: GapView, width: int) -> Line:
    """The remaining counts, each with its name: those not zero first, others if there is room."""
    some = [kind for kind in (*_STUCK, *_EXTRA) if getattr(gap, kind[0])]
    usual = _WORTH_A_ZERO[gap.job]
    none = [kind for kind in (*_STUCK, *_EXTRA) if kind[0] in usual and not getattr(gap, kind[0])]
    for short, between in ((False, "  "), (True, "  "), (True, " ")):
        result = _named_counts(gap, some, short, between)
        if result.width <= width:
            break
    for number in range(len(none), 0, -1):
        longer = _named_counts(gap, [*some, *none[:number]], short, between)
        if longer.width <= width:
            return longer
    return crop_line(result, width)


def _named_counts(
    gap: GapView, kinds: Sequence[tuple[str, str, str, str]], short: bool, between: str
) -> Line:
    cells: list[Cell] = [Cell("  ")]
    for key, label, short_label, tone in kinds:
        cells.append(Cell(f"{short_label if short else label} ", "dim"))
        cells.append(tally(getattr(gap, key), tone))
        cells.append(Cell(between))
    return Line(tuple(cells[:-1]))


def acceptance_line(acceptance: Acceptance) -> Line:
    """What the migration is accepted by, shortest words first, so that a narrow screen loses the least."""
    measured = acceptance.measured
    files = (
        NOTHING
        if measured.files_before is None
        else f"{count(measured.files_before)}→{count(measured.files_now)}"
    )
    shown = (
        ("success", f"{_share(acceptance.success_percent)} of those with files", "success"),
        ("files", files, "files"),
        ("hashes", f"{count(measured.verified)} ok {count(measured.flagged)} flagged", "hashes"),
        ("dangling", count(measured.dangling_links), "links"),
        ("growth", _growth(acceptance), "growth"),
        ("orphans", count(measured.orphans), "orphan files"),
    )
    broken = {criterion.name for criterion in acceptance.criteria if criterion.holds is False}
    cells = [Cell("  ")]
    for label, value, name in shown:
        cells += [Cell(f"{label} ", "dim"), Cell(value, "bad" if name in broken else ""), Cell("  ")]
        if name == "growth" and value != NOTHING and not measured.growth_is_judged:
            cells += [Cell("not judged", "dim"), Cell("  ")]
    return Line(tuple(cells[:-1]))


def _growth(acceptance: Acceptance) -> str:
    """The last maintenance's, which counts; without one, that of what was not maintained yet."""
    measured, maintained = acceptance.measured, acceptance.growth_maintained_percent
    percent = acceptance.growth_percent if maintained is None else maintained
    now = measured.bytes_now if measured.bytes_maintained is None else measured.bytes_maintained
    if percent is None or measured.bytes_before is None:
        return NOTHING
    grown = now - measured.bytes_before
    text = f"{percent:g} % ({'-' if grown < 0 else '+'}{size(abs(grown))})"
    return text if maintained is not None else f"{text} before maintenance"


def _share(percent: float | None) -> str:
    return NOTHING if percent is None else f"{percent:g} %"


def _again_line(number: int, width: int) -> Line:
    """A run is over, or none was: what else takes up folders whose figure was stored or marked since."""
    told = (Cell("  "), Cell(count(number), "warn"), Cell(" to be laid out again: ", "dim"))
    return crop_line(Line((*told, Cell("`start folders` (s) takes them up"))), width)


def _cause_lines(run: RunView | None, width: int) -> list[Line]:
    if run is None or run.state not in OPEN:
        return []
    if run.state is RunState.HALTED:
        cells = [
            Cell("  "),
            Cell("HALTED", "badge-bad"),
            Cell(f" {clean(run.halt_reason) or 'cause unknown'}", "bad"),
        ]
        if run.halt_bytes_needed:
            cells.insert(2, Cell(f" needs {size(run.halt_bytes_needed)} free;", "bad"))
        cells.insert(2, Cell(" resume by hand;", "strong"))
        return [crop_line(Line(tuple(cells)), width)]
    lines: list[Line] = []
    if run.state is RunState.STEPPING and run.step_unit == "cycle" and run.steps_left is not None:
        left = f"{counted(run.steps_left, 'batch', 'batches')} left"
        lines.append(Line((Cell("  this step: ", "dim"), Cell(left))))
    if run.waits_on:
        lines.append(Line((Cell("  waits on ", "dim"), Cell(clean(run.waits_on), "warn"))))
    return [crop_line(line, width) for line in lines]
