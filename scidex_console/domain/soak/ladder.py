"""The ladder as it stands: each phase, the checks of the one under way, its clock, its guide and its gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from scidex_console.domain.durations import format_duration
from scidex_console.domain.jobs import JobName
from scidex_console.domain.soak.checks import Check, checks_of
from scidex_console.domain.soak.clock import ClockState, SoakClock, read_clock
from scidex_console.domain.soak.guide import Step, steps_of
from scidex_console.domain.soak.judging import SIGNABLE
from scidex_console.domain.soak.phases import PHASES, REMOVAL_PHASE, RUN_PHASE
from scidex_console.domain.soak.records import (
    Confirmation,
    Entry,
    Measurement,
    Override,
    SignOff,
    SoakRecord,
    SoakRules,
)
from scidex_console.domain.tokens import plan_token


class CheckState(StrEnum):
    """How a check stands, sign-offs considered."""

    PASSING = "passing"
    SIGNED = "signed"
    """A person signed for it, about the evidence as it stands."""
    PENDING = "pending"
    PERSON = "person"
    UNMEASURED = "unmeasured"
    FAILING = "failing"


MET = frozenset({CheckState.PASSING, CheckState.SIGNED})


@dataclass(frozen=True)
class CheckView:
    """One check with its evidence."""

    check: Check
    state: CheckState
    evidence: Measurement | None
    """None before the first look."""
    signed: SignOff | None = None
    """The newest sign-off, whether it still stands or not."""
    expired: str = ""
    """Why the newest sign-off does not stand any more."""

    @property
    def signable(self) -> bool:
        """Whether a sign-off can be about it now."""
        return self.evidence is not None and self.evidence.standing in SIGNABLE


@dataclass(frozen=True)
class StepView:
    """One step of the guide."""

    step: Step
    due: bool
    in_s: float
    """Seconds on the clock until it is due; 0 when it is."""
    done: Confirmation | None = None


class RungState(StrEnum):
    """How a phase stands on the ladder."""

    AHEAD = "ahead"
    CURRENT = "current"
    PASSED = "passed"
    OVERRIDDEN = "overridden"
    """A later phase was begun although this one's gate was shut."""
    SKIPPED = "skipped"
    """Never begun here, though a later one was."""


@dataclass(frozen=True)
class Rung:
    """One phase on the ladder."""

    phase: int
    name: str
    what: str
    state: RungState
    begun_at: datetime | None = None
    operator: str = ""


@dataclass(frozen=True)
class Gate:
    """Whether the next phase may begin."""

    is_open: bool
    shut_by: tuple[str, ...] = ()
    """What stands in the way, one sentence each."""
    needs_person: bool = False
    """Whether a person has to do something, or only time has to pass."""


@dataclass(frozen=True)
class Ladder:
    """Everything about the soak at one moment."""

    taken_at: datetime
    rules: SoakRules
    rungs: tuple[Rung, ...]
    entry: Entry | None
    """The phase under way; None before any was begun."""
    clock: SoakClock | None
    checks: tuple[CheckView, ...]
    steps: tuple[StepView, ...]
    gate: Gate
    override: Override | None

    @property
    def next_phase(self) -> int | None:
        """The phase that the gate leads to; None behind the last."""
        following = self.entry.phase + 1 if self.entry else 0
        return following if following < len(PHASES) else None

    @property
    def next_step(self) -> StepView | None:
        """The first step that is due and not confirmed, or else the first that will be."""
        left = [step for step in self.steps if step.done is None]
        return next((step for step in left if step.due), left[0] if left else None)

    @property
    def needs_person(self) -> bool:
        """Whether somebody has to do something before anything goes on."""
        step = self.next_step
        return self.gate.needs_person or (step is not None and step.due)


def read_ladder(record: SoakRecord) -> Ladder:
    """The ladder from what is on record. Pure: the same record, the same ladder."""
    entry = record.entries[-1] if record.entries else None
    rungs = tuple(_rung(phase.number, record.entries) for phase in PHASES)
    if entry is None:
        gate = Gate(True)
        return Ladder(record.now, record.rules, rungs, None, None, (), (), gate, record.override)
    clock = read_clock(
        record.spans, needed_s=entry.needed_s, now=record.now, longest_s=record.rules.longest_s
    )
    checks = tuple(_check(check, record) for check in checks_of(entry.phase))
    steps = tuple(_step(step, record.confirmations, clock) for step in steps_of(entry.phase))
    gate = _gate(clock, checks)
    return Ladder(record.now, record.rules, rungs, entry, clock, checks, steps, gate, record.override)


def _check(check: Check, record: SoakRecord) -> CheckView:
    evidence = record.measurements.get(check.id)
    signed = next((s for s in reversed(record.signoffs) if s.check_id == check.id), None)
    if evidence is None:
        return CheckView(check, CheckState.UNMEASURED, None, signed)
    state = CheckState(evidence.standing)
    if signed is None or evidence.standing not in SIGNABLE:
        return CheckView(check, state, evidence, signed)
    if signed.fingerprint != evidence.fingerprint:
        expired = f"what {signed.operator} signed for on {signed.at:%Y-%m-%d %H:%M} UTC has changed since"
        return CheckView(check, state, evidence, signed, expired)
    return CheckView(check, CheckState.SIGNED, evidence, signed)


def _step(step: Step, confirmations: Sequence[Confirmation], clock: SoakClock) -> StepView:
    done = next((c for c in reversed(confirmations) if c.step_id == step.id), None)
    in_s = max(step.due_after_s(clock.needed_s) - clock.elapsed_s, 0.0)
    return StepView(step, in_s <= 0, in_s, done)


def _gate(clock: SoakClock, checks: Sequence[CheckView]) -> Gate:
    shut_by = [_shut_by(view) for view in checks if view.state not in MET]
    for_a_person = any(
        view.state is CheckState.FAILING or (view.signable and view.state not in MET) for view in checks
    )
    if clock.state is not ClockState.DONE:
        left = format_duration(clock.left_s)
        why = f" ({clock.why})" if clock.why else ""
        shut_by.append(f"the clock is {clock.state}, {left} to go{why}")
    return Gate(not shut_by, tuple(shut_by), for_a_person)


def _shut_by(view: CheckView) -> str:
    said = view.evidence.words if view.evidence else "not looked at yet"
    words = {
        CheckState.FAILING: "fails",
        CheckState.PENDING: "is not met yet",
        CheckState.PERSON: "needs a person's sign-off",
        CheckState.UNMEASURED: "cannot be measured yet",
    }[view.state]
    return f"{view.check.id} {words}: {view.expired or said}"


def _rung(number: int, entries: Sequence[Entry]) -> Rung:
    phase = PHASES[number]
    begun = next((entry for entry in reversed(entries) if entry.phase == number), None)
    current = entries[-1].phase if entries else -1
    if number > current:
        return Rung(number, phase.name, phase.what, RungState.AHEAD)
    if begun is None:
        return Rung(number, phase.name, phase.what, RungState.SKIPPED)
    state = RungState.CURRENT if number == current else RungState.PASSED
    after = next((entry for entry in entries if entry.phase > number and entry.id > begun.id), None)
    if state is RungState.PASSED and after is not None and after.overridden:
        state = RungState.OVERRIDDEN
    return Rung(number, phase.name, phase.what, state, begun.begun_at, begun.operator)


def why_not_begin(ladder: Ladder, phase: int) -> str | None:
    """Why a phase may not be begun now; None when it may.

    A phase may be begun anew, and an earlier one again; the next one only through the gate or an override.
    """
    if not 0 <= phase < len(PHASES):
        return f"there is no phase {phase}: they are 0 to {PHASES[-1].number}"
    if goes_through(ladder, phase) or overridden(ladder, phase):
        return None
    current = ladder.entry.phase if ladder.entry else -1
    if current < 0:
        return "no phase was begun yet, and phase 0 comes first"
    if phase > current + 1:
        return f"phase {phase} does not follow on phase {current}"
    return f"the gate of phase {current} is shut: {'; '.join(ladder.gate.shut_by)}"


def way_to_begin(ladder: Ladder, phase: int) -> str:
    """What an operator does about a phase that may not be begun, for the fix of an error."""
    following = ladder.entry.phase + 1 if ladder.entry else 0
    if phase == following:
        return f"sign, wait, or `scidex-console soak override {phase}`"
    return (
        f"`scidex-console soak begin {following} --reason TEXT` comes first"
        if following < len(PHASES)
        else ""
    )


def goes_through(ladder: Ladder, phase: int) -> bool:
    """Whether a phase may begin without any override: begun before, or next behind an open gate."""
    current = ladder.entry.phase if ladder.entry else -1
    return phase <= current or (phase == current + 1 and ladder.gate.is_open)


def overridden(ladder: Ladder, phase: int) -> bool:
    """Whether a person has given leave to begin this phase, since the one under way was begun."""
    return ladder.override is not None and ladder.override.phase == phase


def offered_phase(ladder: Ladder) -> int:
    """The phase to begin: the next one where its gate lets it in, else the one under way, anew."""
    following = ladder.next_phase
    if following is not None and (ladder.gate.is_open or overridden(ladder, following)):
        return following
    return ladder.entry.phase if ladder.entry else 0


def why_not_override(ladder: Ladder, phase: int) -> str | None:
    """Why a phase needs, or may have, no override; None when it may have one."""
    if not 0 <= phase < len(PHASES):
        return f"there is no phase {phase}: they are 0 to {PHASES[-1].number}"
    if why_not_begin(ladder, phase) is None:
        return f"phase {phase} may begin: there is nothing to override"
    return None


def why_not_sign(ladder: Ladder, check_id: str) -> str | None:
    """Why a check cannot be signed off now; None when it can."""
    view = next((view for view in ladder.checks if view.check.id == check_id), None)
    if view is None:
        known = ", ".join(view.check.id for view in ladder.checks) or "none: no phase is under way"
        return f"the phase under way has no check {check_id!r}; it has {known}"
    if view.evidence is None:
        return f"{check_id} has not been looked at yet"
    if view.state is CheckState.SIGNED:
        return f"{check_id} is signed off already, about this evidence"
    if not view.signable:
        return f"{check_id} is measured, and {view.state}: a figure is not signed away"
    return None


def why_not_confirm(ladder: Ladder, step_id: str) -> str | None:
    """Why a step of the guide cannot be confirmed now; None when it can."""
    view = next((view for view in ladder.steps if view.step.id == step_id), None)
    if view is None:
        known = ", ".join(view.step.id for view in ladder.steps) or "none: no phase is under way"
        return f"the phase under way has no step {step_id!r}; it has {known}"
    if view.done is not None:
        return f"step {step_id} was confirmed by {view.done.operator}"
    return None if view.due else f"step {step_id} is due in {format_duration(view.in_s)} of the clock"


def why_not_run(ladder: Ladder, job: JobName) -> str | None:
    """Why a job's run may not start or go on; None when it may. Only phase 2 is the work of a job."""
    if job is not JobName.FOLDERS or not ladder.rules.enforced:
        return None
    current = ladder.entry.phase if ladder.entry else -1
    if current >= RUN_PHASE or overridden(ladder, RUN_PHASE):
        return None
    why = why_not_begin(ladder, RUN_PHASE)
    return f"phase {RUN_PHASE} may not run yet: {why}" if why else None


def why_not_clean(ladder: Ladder) -> str | None:
    """Why nothing may be cleaned up yet; None when it may. It is asked also where no run is held back.

    What is cleaned up can no longer be read by its old path, so the phase must have been begun through the
    gate before it, or a person must have overridden that by name.
    """
    current = ladder.entry.phase if ladder.entry else -1
    if current >= REMOVAL_PHASE or overridden(ladder, REMOVAL_PHASE):
        return None
    if why := why_not_begin(ladder, REMOVAL_PHASE):
        return f"nothing is cleaned up before phase {REMOVAL_PHASE}: {why}"
    return f"the gate is open, and phase {REMOVAL_PHASE} has not begun yet"


def way_to_clean(ladder: Ladder) -> str:
    """What an operator does about a clean-up that is shut, for the fix of an error."""
    if goes_through(ladder, REMOVAL_PHASE):
        return f"`scidex-console soak begin {REMOVAL_PHASE} --reason TEXT`"
    over = f"`scidex-console soak override {REMOVAL_PHASE}` passes over the gate, by name"
    return f"see `scidex-console soak status`; {over}"


def clean_up_opens_at(ladder: Ladder) -> datetime | None:
    """When the clock before the removal will have run if it goes on running; None: that cannot be told."""
    entry, clock = ladder.entry, ladder.clock
    if entry is None or clock is None or entry.phase != REMOVAL_PHASE - 1:
        return None
    if clock.state is ClockState.DONE:
        return ladder.taken_at
    return ladder.taken_at + timedelta(seconds=clock.left_s) if clock.state is ClockState.RUNNING else None


def override_token(ladder: Ladder, phase: int) -> str:
    """Names what an override would pass over: the phase under way, and which checks stand in the way how."""
    entry = ladder.entry.id if ladder.entry else None
    open_checks = [[view.check.id, view.state] for view in ladder.checks if view.state not in MET]
    return plan_token(["override", phase, entry, open_checks])


def passed_over(ladder: Ladder, phase: int) -> tuple[str, ...]:
    """What an override of a phase would pass over, one sentence each."""
    current = ladder.entry.phase if ladder.entry else -1
    skipped = [f"phase {n} ({PHASES[n].name}) was not begun here" for n in range(current + 1, phase)]
    return (*ladder.gate.shut_by, *skipped)
