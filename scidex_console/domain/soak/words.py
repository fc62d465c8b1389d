"""The soak in words that the console, the command line and the report share."""

from __future__ import annotations

from scidex_console.domain.durations import format_duration
from scidex_console.domain.soak.clock import ClockState
from scidex_console.domain.soak.ladder import CheckState, CheckView, Ladder, RungState
from scidex_console.domain.soak.phases import PHASES

CHECK_WORDS = {
    CheckState.PASSING: "pass",
    CheckState.SIGNED: "signed",
    CheckState.PENDING: "not yet",
    CheckState.PERSON: "person",
    CheckState.UNMEASURED: "no figure",
    CheckState.FAILING: "FAIL",
}
"""A check's state in a word; the word tells, whatever the colour."""

RUNG_WORDS = {
    RungState.AHEAD: "ahead",
    RungState.CURRENT: "under way",
    RungState.PASSED: "passed",
    RungState.OVERRIDDEN: "overridden",
    RungState.SKIPPED: "not here",
}


def clock_words(ladder: Ladder) -> str:
    """Where the clock stands, and why it does not run."""
    clock = ladder.clock
    if clock is None:
        return "no phase is under way"
    of = f"{format_duration(clock.elapsed_s)} of {format_duration(clock.needed_s)}"
    if clock.state is ClockState.STOPPED:
        return f"STOPPED, starts at nothing once it passes: {clock.why}"
    if clock.state is ClockState.WAITING:
        return f"waiting: {clock.why}"
    if clock.state is ClockState.UNWATCHED:
        return f"not running, at {of}: {clock.why}"
    if clock.state is ClockState.DONE:
        return f"done: {of}"
    return f"running: {of}, {format_duration(clock.left_s)} to go"


def gate_words(ladder: Ladder) -> str:
    """Whether the next phase may begin."""
    following = ladder.next_phase
    if ladder.gate.is_open:
        return (
            f"open: phase {following} may begin" if following is not None else "open: the migration is over"
        )
    return f"shut by {len(ladder.gate.shut_by)}"


def figure_words(view: CheckView) -> str:
    """A check's figure with its unit; empty where it has none."""
    evidence = view.evidence
    if evidence is None or evidence.figure is None:
        return ""
    number = f"{evidence.figure:,.2f}".rstrip("0").rstrip(".")
    return f"{number} {view.check.unit}".strip()


def soak_line(ladder: Ladder) -> str:
    """The soak in one line: phase, clock and gate."""
    if ladder.entry is None or ladder.clock is None:
        return "soak: no phase was begun"
    phase = PHASES[ladder.entry.phase]
    clock = ladder.clock
    at = f"{format_duration(clock.elapsed_s)} of {format_duration(clock.needed_s)}"
    failing = [view.check.id for view in ladder.checks if view.state is CheckState.FAILING]
    trouble = f", FAILS: {', '.join(failing)}" if failing else ""
    head = f"soak: phase {phase.number} ({phase.name}), clock {clock.state} {at}"
    return f"{head}{trouble}, gate {gate_words(ladder)}"
