"""The demo without a console: one line whenever something has changed, and what the end was."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from scidex_console.domain.durations import format_duration
from scidex_console.domain.errors import Unreachable
from scidex_console.domain.intents import SETTLED, ActionName
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import OPEN, RunState
from scidex_console.engine.ports import ReadModel
from scidex_console.engine.views import GapView, Overview
from scidex_console.settings import Settings
from scidex_console.wiring.reading import Readers, readers

_LOOK_S = 2.0
"""Between two looks."""
_PATIENCE_S = 30.0
"""How long an engine may take to take up a run."""
_RESTING = frozenset({RunState.PAUSED, RunState.HALTED})
_WAITS_FOR_A_PERSON = 4

Say = Callable[[str], None]


async def start_run(connected: Readers, job: JobName, log: Path) -> None:
    """Have a run, unless one is open; the last one is over only once the engine has taken up the new one."""
    run = await connected.read.run(job)
    if run is not None and run.state in OPEN:
        return
    asked = await connected.desk.submit(ActionName.START, job, {}, reason="the demo starts with a run")
    until = time.monotonic() + _PATIENCE_S
    while (found := await connected.read.intent(asked.id)) is None or found.state not in SETTLED:
        if time.monotonic() > until:
            raise silent("the engine did not take up the run", log)
        await asyncio.sleep(0.1)


def silent(what: str, log: Path) -> Unreachable:
    """The error of an engine that does not answer."""
    return Unreachable(what, where=str(log), fix="see there for its words, and start the demo again")


async def show_progress(
    settings: Settings, log: Path, say: Say, *, program: str, start_anew: str, until_idle: bool
) -> int:
    """Tell what the runs do, until interrupted; or, when told so, one job to its rest after the other.

    The exit code. `program` begins the command lines for this world; `start_anew` gives it up. Raises
    `Unreachable` with the last words of `log` when the engine ends.
    """
    async with readers(settings) as connected:
        progress = _Progress(connected.read, log, say)
        if not until_idle:
            await progress.watch(program, start_anew)
        for job in JobName:
            await start_run(connected, job, log)
            if await progress.follow(job) is RunState.HALTED:
                return _WAITS_FOR_A_PERSON
    return await _verify(settings, say)


class _Progress:
    """What was told last, and since when."""

    def __init__(self, read: ReadModel, log: Path, say: Say) -> None:
        self._read = read
        self._log = log
        self._say = say
        self._began = time.monotonic()
        self._told: dict[JobName, str] = {}

    async def follow(self, job: JobName) -> RunState:
        """Tell of one job until its run rests or is over."""
        while True:
            gap = _gap_of(await self._look(), job)
            self._tell(gap)
            if _is_idle(gap):
                self._say(_rests(gap))
                return _state(gap)
            await asyncio.sleep(_LOOK_S)

    async def watch(self, program: str, anew: str) -> None:
        """Tell of all jobs, and when all rest, what can be done next; until interrupted."""
        while True:
            gaps = (await self._look()).gaps
            news = [gap for gap in gaps if self._tell(gap)]
            if news and all(_is_idle(gap) for gap in gaps):
                for line in (*map(_rests, gaps), *_what_next(gaps, program, anew)):
                    self._say(line)
            await asyncio.sleep(_LOOK_S)

    async def _look(self) -> Overview:
        overview = await self._read.overview(dead=1, errors=1)
        if overview.engine is None or overview.engine.state == "stopped":
            raise _engine_gone(self._log)
        return overview

    def _tell(self, gap: GapView) -> bool:
        """Say how a job stands, if that is news."""
        line = _counts(gap)
        if self._told.get(gap.job) == line:
            return False
        self._told[gap.job] = line
        self._say(f"{format_duration(round(time.monotonic() - self._began))}: {line}{_eta(gap)}")
        return True


def _gap_of(overview: Overview, job: JobName) -> GapView:
    return next(gap for gap in overview.gaps if gap.job is job)


def _state(gap: GapView) -> RunState:
    return gap.run.state if gap.run is not None else RunState.PLANNED


def _is_idle(gap: GapView) -> bool:
    state = _state(gap)
    return state in _RESTING or state not in OPEN


def _rests(gap: GapView) -> str:
    of_job = "" if gap.job is JobName.FIGURES else f" of {gap.job}"
    return f"idle: the run{of_job} is {_state(gap)}, {gap.due + gap.scheduled} rows are due now or later"


def _counts(gap: GapView) -> str:
    counts: tuple[str, ...] = (
        f"{gap.due} due",
        f"{gap.scheduled} in back-off",
        f"{gap.done} stored",
        f"{gap.dead} marked",
        f"{gap.transient} transient",
        f"{gap.blocked} blocked",
        f"{gap.suspect} suspect",
        f"{gap.refused} refused",
    )
    if gap.job is JobName.FOLDERS:
        counts = (
            f"{gap.due} due",
            f"{gap.scheduled} in back-off",
            f"{gap.done} migrated",
            f"{gap.mismatch} mismatch",
            f"{gap.quarantined} quarantined",
            f"{gap.error} error",
        )
    return f"{gap.job} {_state(gap)}: {gap.missing} of {gap.total} missing, {', '.join(counts)}"


def _eta(gap: GapView) -> str:
    return f", about {format_duration(float(int(gap.eta_s)))} to go" if gap.eta_s and gap.eta_s >= 1 else ""


def _what_next(gaps: Sequence[GapView], program: str, anew: str) -> Iterator[str]:
    for gap in gaps:
        if _state(gap) in _RESTING:
            yield f"  go on: {program} resume {gap.job}"
        elif gap.due + gap.scheduled:
            yield f"  start another run: {program} start {gap.job}"
        else:
            yield f"  ask again for what failed: {program} retry {gap.job}"
    if not any(_state(gap) in _RESTING or gap.due + gap.scheduled for gap in gaps):
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
