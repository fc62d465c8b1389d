"""The demo without a console: one line whenever something has changed, and what the end was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from scidex_console.domain.durations import format_duration
from scidex_console.domain.errors import Unreachable
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import OPEN, RunState
from scidex_console.engine.ports import ReadModel
from scidex_console.engine.views import GapView, Overview
from scidex_console.settings import Settings
from scidex_console.wiring.reading import readers

_LOOK_S = 2.0
"""Between two looks."""
_RESTING = frozenset({RunState.PAUSED, RunState.HALTED})
_WAITS_FOR_A_PERSON = 4

Say = Callable[[str], None]


def figures_of(overview: Overview) -> GapView:
    """The counts of the figures job."""
    return next(gap for gap in overview.gaps if gap.job is JobName.FIGURES)


async def show_progress(
    settings: Settings, log: Path, say: Say, *, program: str, start_anew: str, until_idle: bool
) -> int:
    """Tell what the run does, until it rests when told so, else until interrupted; the exit code.

    `program` begins the command lines for this world; `start_anew` is the one that gives it up.
    Raises `Unreachable` with the last words of `log` when the engine ends.
    """
    async with readers(settings) as connected:
        state = await _follow(
            connected.read, log, say, until_idle=until_idle, program=program, anew=start_anew
        )
    if state is RunState.HALTED:
        return _WAITS_FOR_A_PERSON
    return await _verify(settings, say)


async def _follow(
    read: ReadModel, log: Path, say: Say, *, until_idle: bool, program: str, anew: str
) -> RunState:
    began, last = time.monotonic(), ""
    while True:
        overview = await read.overview(dead=1, errors=1)
        if overview.engine is None or overview.engine.state == "stopped":
            raise _engine_gone(log)
        figures = figures_of(overview)
        state = figures.run.state if figures.run is not None else RunState.PLANNED
        line = _counts(figures, state)
        if line != last:
            say(f"{format_duration(round(time.monotonic() - began))}: {line}{_eta(figures)}")
        idle = state in _RESTING or state not in OPEN
        if idle and line != last:
            say(f"idle: the run is {state}, {figures.due + figures.scheduled} rows are due now or later")
            for advice in () if until_idle else _what_next(figures, state, program, anew):
                say(advice)
        if idle and until_idle:
            return state
        last = line
        await asyncio.sleep(_LOOK_S)


def _counts(gap: GapView, state: RunState) -> str:
    counts = (
        f"{gap.due} due",
        f"{gap.scheduled} in back-off",
        f"{gap.done} stored",
        f"{gap.dead} dead",
        f"{gap.transient} transient",
        f"{gap.blocked} blocked",
        f"{gap.suspect} suspect",
        f"{gap.refused} refused",
    )
    return f"figures {state}: {gap.missing} of {gap.total} missing, {', '.join(counts)}"


def _eta(gap: GapView) -> str:
    return f", about {format_duration(float(int(gap.eta_s)))} to go" if gap.eta_s and gap.eta_s >= 1 else ""


def _what_next(gap: GapView, state: RunState, program: str, anew: str) -> Iterator[str]:
    if state in _RESTING:
        yield f"  go on: {program} resume figures"
    elif gap.due + gap.scheduled:
        yield f"  start another run: {program} start figures"
    else:
        yield f"  ask again for what failed: {program} retry figures"
        yield f"  give this world up for a new one: {anew}"
    yield "  leave: Ctrl-C"


def _engine_gone(log: Path) -> Unreachable:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
    said = f": {lines[-1].strip()}" if lines else ""
    return Unreachable(f"the engine has ended{said}", where=str(log), fix="start the demo again")


async def _verify(settings: Settings, say: Say) -> int:
    from scidex_console.wiring.verification import verify

    report = await verify(settings)
    for invariant in report.invariants:
        verdict = {True: "holds", False: "BROKEN", None: "does not apply"}[invariant.holds]
        say(f"verify {invariant.name}: {verdict}: {invariant.statement}")
    say("verify: every invariant holds" if report.holds else "verify: an invariant is broken")
    return 0 if report.holds else 1
