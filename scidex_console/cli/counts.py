"""A job's counts, its rate and what remains, in words."""

from __future__ import annotations

from textwrap import wrap

from scidex_console.cli.words import number, size
from scidex_console.domain.durations import format_duration
from scidex_console.engine.views import EngineView, GapView

_ALWAYS = ("missing", "done", "dead", "transient")
_WHEN_ANY = (
    "due",
    "scheduled",
    "in_batch",
    "blocked",
    "suspect",
    "refused",
    "mismatch",
    "held_back",
    "no_url",
)


def counts_lines(gap: GapView) -> list[str]:
    """The counts that matter, and of the others those that are not zero; indented, within 80 columns."""
    names = ("total", "with_file", *_ALWAYS, *(name for name in _WHEN_ANY if getattr(gap, name)))
    text = ", ".join(f"{name.replace('_', ' ')} {getattr(gap, name)}" for name in names)
    lines = _wrapped(text)
    for what, waiting in gap.held_back_for:
        lines += _wrapped(f"{waiting} held back until {what}")
    return lines


def _wrapped(text: str) -> list[str]:
    return wrap(text, 80, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)


def pace_line(gap: GapView, engine: EngineView | None) -> str:
    """Rate and time still needed, as far as they are known; nothing comes to an end without an engine."""
    rate = f"{gap.rate_per_min:.1f}/min" if gap.rate_per_min is not None else "rate unknown"
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
