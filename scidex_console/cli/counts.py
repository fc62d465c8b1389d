"""A job's counts, its rate and what remains, in words."""

from __future__ import annotations

import re
from textwrap import wrap

from scidex_console.cli.program import Program
from scidex_console.cli.words import number, size
from scidex_console.domain.durations import format_duration
from scidex_console.domain.folders.acceptance import Acceptance, laid_again
from scidex_console.domain.jobs import JobName
from scidex_console.engine.views import EngineView, GapView

_COMMAND = re.compile(r"`[^`]*`")
_HELD = "\0"
"""Stands for the spaces of a command line while lines are broken."""
_ALWAYS = {
    JobName.FIGURES: ("missing", "done", "dead", "transient"),
    JobName.FOLDERS: ("missing", "done", "mismatch", "quarantined", "error"),
}
_WHEN_ANY = (
    "due",
    "scheduled",
    "suspected",
    "in_batch",
    "blocked",
    "suspect",
    "refused",
    "mismatch",
    "quarantined",
    "error",
    "held_back",
    "no_url",
)
_WORDS = {"dead": "marked"}
"""Rows that were marked: an answer that says gone is `dead`, and marks nothing yet."""


def counts_lines(gap: GapView, program: Program) -> list[str]:
    """The counts that matter, and of the others those that are not zero; indented, within 80 columns."""
    always = _ALWAYS[gap.job]
    figures = ("with_file",) if gap.job is JobName.FIGURES else ()
    some = (name for name in _WHEN_ANY if name not in always and getattr(gap, name))
    names = ("total", *figures, *always, *some)
    text = ", ".join(f"{_WORDS.get(name, name.replace('_', ' '))} {getattr(gap, name)}" for name in names)
    lines = _wrapped(text)
    if gap.due_again:
        again = ", ".join(f"{what} {n}" for what, n in gap.due_again)
        lines += _wrapped(f"due again {sum(n for _, n in gap.due_again)}: {again}")
    if gap.to_lay_again:
        lines += _wrapped(program.told(laid_again(gap.to_lay_again)))
    for what, waiting in gap.held_back_for:
        lines += _wrapped(f"{waiting} held back until {what}")
    return lines


def acceptance_lines(acceptance: Acceptance, program: Program) -> list[str]:
    """What the folder migration is accepted by: measured, and whether that holds."""
    lines: list[str] = []
    for criterion in acceptance.criteria:
        verdict = "" if criterion.holds is None else " - holds" if criterion.holds else " - DOES NOT HOLD"
        lines += _wrapped(program.told(f"{criterion.name}: {criterion.detail}{verdict}"))
    return lines


def _wrapped(text: str) -> list[str]:
    """Lines of 80 columns; a command line is not broken."""
    whole = _COMMAND.sub(lambda match: match[0].replace(" ", _HELD), text)
    lines = wrap(
        whole, 80, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
    )
    return [line.replace(_HELD, " ") for line in lines]


def pace_line(gap: GapView, engine: EngineView | None) -> str:
    """Rate and time still needed, as far as they are known; nothing comes to an end without an engine."""
    per_min = gap.rate_per_min
    rate = f"{per_min:.1f}/min" if per_min is not None else "rate unknown"
    if per_min is not None and 0 < per_min < 0.1:
        rate = f"{per_min * 60:.2g}/h"
    if engine is None or engine.state != "running" or gap.eta_s is None:
        return f"{rate}, end unknown"
    return f"{rate}, about {format_duration(float(int(gap.eta_s)))} to go"


def run_line(gap: GapView) -> str:
    """The job's run in a few words, with why it stands when it does."""
    run = gap.run
    if run is None:
        return "no run yet"
    text = f"run {run.id} {run.state}"
    if run.steps_left:
        text += f", {number(run.steps_left, 'batch' if run.step_unit == 'cycle' else 'row')} left"
    if run.halt_reason and run.state == "halted":
        text += f": {run.halt_reason}"
        text += f" ({size(run.halt_bytes_needed)} needed)" if run.halt_bytes_needed else ""
    elif run.waits_on:
        text += f", waits on {run.waits_on}"
    return text
