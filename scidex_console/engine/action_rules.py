"""When an action is not allowed, and why: each rule answers with words for the operator, or None.

The runs' table of legal moves decides; the words say what to do instead.
"""

from __future__ import annotations

from collections.abc import Callable

from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import LEGAL_MOVES, OPEN, RunState
from scidex_console.domain.soak.ladder import why_not_run
from scidex_console.engine.batch_views import ReversibleBatches
from scidex_console.engine.views import GapView, Overview, RunView

Rule = Callable[[Overview, JobName], str | None]


def gap_of(overview: Overview, job: JobName) -> GapView | None:
    """The counts of one job, when the engine knows that job."""
    return next((gap for gap in overview.gaps if gap.job == job), None)


def open_run(overview: Overview, job: JobName) -> RunView | None:
    """The run of a job that is not over."""
    gap = gap_of(overview, job)
    return gap.run if gap and gap.run and gap.run.state in OPEN else None


def retryable(gap: GapView) -> int:
    """Rows an operator's retry could make due."""
    failed = gap.transient + gap.blocked + gap.suspect + gap.refused
    return failed + gap.suspected + gap.held_back + gap.mismatch + gap.quarantined + gap.error


def engine_reason(overview: Overview, writes: bool) -> str | None:
    """Why this engine cannot do it; `writes` says whether it would have to write."""
    engine = overview.engine
    if engine is None or engine.state == "stopped":
        return "no engine is running; start one with `scidex-console engine`"
    if writes and not engine.writes:
        return "the engine only observes; set writes.enabled and writes.authorization and restart it"
    return None


def job_reason(overview: Overview, job: JobName) -> str | None:
    """Why nothing can be asked of a job: the engine does not know it."""
    return None if gap_of(overview, job) else f"this engine does not run {job}"


def gate_reason(overview: Overview, job: JobName) -> str | None:
    """Why the soak does not let a job's run start or go on."""
    return why_not_run(overview.soak, job) if overview.soak else None


def start_rule(overview: Overview, job: JobName) -> str | None:
    """A run is started only where none is open."""
    run = open_run(overview, job)
    if run is None:
        return gate_reason(overview, job)
    if run.state in (RunState.PLANNED, RunState.PAUSED, RunState.HALTED):
        return f"run {run.id} is {run.state}: resume it instead"
    return f"run {run.id} is already {run.state}"


def step_rule(overview: Overview, job: JobName) -> str | None:
    """A step starts a run, or goes on from a rest."""
    run = open_run(overview, job)
    if run is None or RunState.STEPPING in LEGAL_MOVES[run.state]:
        return gate_reason(overview, job)
    if run.state is RunState.RUNNING:
        return f"run {run.id} is running: pause it first"
    return f"run {run.id} is {run.state}"


def pause_rule(overview: Overview, job: JobName) -> str | None:
    """Only what works can be paused."""
    run = open_run(overview, job)
    if run is None:
        return f"{job} has no open run"
    return None if RunState.PAUSING in LEGAL_MOVES[run.state] else f"run {run.id} is {run.state}"


def resume_rule(overview: Overview, job: JobName) -> str | None:
    """Only what rests, or is about to, can be resumed."""
    run = open_run(overview, job)
    if run is None:
        return f"{job} has no open run"
    if run.state in (RunState.PLANNED, RunState.PAUSED, RunState.PAUSING, RunState.HALTED):
        return gate_reason(overview, job)
    return f"run {run.id} is {run.state}"


def cancel_rule(overview: Overview, job: JobName) -> str | None:
    """Any open run can be ended, once."""
    run = open_run(overview, job)
    if run is None:
        return f"{job} has no open run"
    return f"run {run.id} is already cancelling" if run.state is RunState.CANCELLING else None


def retry_rule(overview: Overview, job: JobName) -> str | None:
    """There must be rows that failed."""
    gap = gap_of(overview, job)
    return None if gap and retryable(gap) else f"{job} has no failed rows to retry"


def rollback_rule(overview: Overview, job: JobName) -> str | None:
    """There must be a batch that is done, and a run that is not halted."""
    batches = _reversible(overview, job)
    if batches is None:
        return _halted_reason(overview, job) or f"{job} has no batch yet"
    return _halted_reason(overview, job) or (None if batches.done else f"every batch of {job} is taken back")


def redo_rule(overview: Overview, job: JobName) -> str | None:
    """There must be a batch that was taken back, and a run that is not halted."""
    batches = _reversible(overview, job)
    taken_back = batches is not None and batches.taken_back is not None
    nothing = None if taken_back else f"no batch of {job} is taken back"
    return _halted_reason(overview, job) or nothing or gate_reason(overview, job)


def triage_rule(overview: Overview, job: JobName) -> str | None:
    """Something must wait for a person, or have been decided; a halted run writes nothing."""
    return _halted_reason(overview, job)


def _halted_reason(overview: Overview, job: JobName) -> str | None:
    run = open_run(overview, job)
    if run and run.state is RunState.HALTED:
        return f"run {run.id} is halted: nothing is written until it is resumed or cancelled"
    return None


def _reversible(overview: Overview, job: JobName) -> ReversibleBatches | None:
    return next((batches for batches in overview.reversible if batches.job == job), None)


def readers_rule(overview: Overview, job: JobName) -> str | None:
    """A share may be changed at any time: whoever reads finds the file by either way."""
    return None


def rescue_rule(overview: Overview, job: JobName) -> str | None:
    """Only figures move."""
    return None if job is JobName.FIGURES else "only figures are rescued"


def throttle_rule(overview: Overview, job: JobName) -> str | None:
    """There must be a host that was asked."""
    return None if overview.hosts else "no host has been asked yet"
