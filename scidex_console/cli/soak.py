"""The soak in lines and as a document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scidex_console.cli.output import Output, moment, plain
from scidex_console.domain.durations import format_duration
from scidex_console.domain.soak.ladder import Ladder, passed_over
from scidex_console.domain.soak.phases import PHASES
from scidex_console.domain.soak.words import (
    CHECK_WORDS,
    RUNG_WORDS,
    clock_words,
    figure_words,
    gate_words,
    soak_line,
)
from scidex_console.engine.views import EngineView


def judge(ladder: Ladder, engine: EngineView | None) -> tuple[str, int]:
    """What a person should know first, and the exit code that says so."""
    if ladder.entry is None:
        return "no phase was begun yet", 0
    if ladder.gate.is_open:
        return gate_words(ladder), 0
    if ladder.gate.needs_person:
        return "the gate is shut and waits for a person", 4
    if engine is None or engine.state != "running":
        return "no engine measures: the clock does not run", 3
    if ladder.needs_person:
        return "a step of the guide waits for a person", 4
    return "the gate is shut; time has to pass", 0


def document(ladder: Ladder, verdict: str) -> dict[str, Any]:
    """The ladder as JSON, with what is made of it."""
    step = ladder.next_step
    return {
        **plain(ladder),
        "verdict": verdict,
        "next_phase": ladder.next_phase,
        "next_step": step.step.id if step else None,
        "needs_person": ladder.needs_person,
    }


def status_lines(ladder: Ladder, verdict: str, output: Output) -> Iterator[str]:
    """The ladder, and of the phase under way its clock, checks, gate and next step."""
    rows = [
        (rung.phase, rung.name, RUNG_WORDS[rung.state], rung.begun_at, rung.operator) for rung in ladder.rungs
    ]
    yield from output.table(("PHASE", "NAME", "STATE", "BEGUN", "BY"), rows, elastic="BY")
    if ladder.entry is None:
        yield output.program.told("no phase was begun yet: `scidex-console soak begin 0 --reason TEXT`")
        return
    yield ""
    yield soak_line(ladder)
    yield f"clock: {clock_words(ladder)}"
    yield ""
    yield from output.table(
        ("CHECK", "STATE", "FIGURE", "AIM", "AGE", "EVIDENCE"), list(_checks(ladder)), elastic="EVIDENCE"
    )
    yield ""
    yield from _next_step(ladder, output)
    yield f"gate: {gate_words(ladder)}"
    for why in ladder.gate.shut_by:
        yield f"  {why}"
    if ladder.override is not None:
        by = f"{ladder.override.operator}, {moment(ladder.override.at)}: {ladder.override.reason}"
        yield f"override for phase {ladder.override.phase} by {by}"
    yield f"verdict: {verdict}"


def _checks(ladder: Ladder) -> Iterator[tuple[object, ...]]:
    for view in ladder.checks:
        evidence = view.evidence
        age = format_duration((ladder.taken_at - evidence.at).total_seconds()) if evidence else None
        words = view.expired or (evidence.words if evidence else "")
        if view.signed is not None and not view.expired:
            words = f"{view.signed.operator}: {view.signed.reason}"
        yield (view.check.id, CHECK_WORDS[view.state], figure_words(view), view.check.threshold, age, words)


def _next_step(ladder: Ladder, output: Output) -> Iterator[str]:
    view = ladder.next_step
    if view is None:
        yield "guide: every step is confirmed"
        return
    when = "now" if view.due else f"in {format_duration(view.in_s)} of the clock"
    yield f"next step ({when}): {view.step.id}"
    yield f"  {view.step.do}"
    yield f"  look: {view.step.look}"
    if view.due:
        yield output.program.told(f"  then: `scidex-console soak confirm {view.step.id} --reason TEXT`")


def override_lines(ladder: Ladder, phase: int, confirm: str) -> Iterator[str]:
    """What an override would pass over, and the command line that does it."""
    yield f"phase {phase} ({PHASES[phase].name}) would be let in although:"
    yield from (f"  {why}" for why in passed_over(ladder, phase))
    yield ""
    yield "Nothing has changed. To do exactly this:"
    yield f"  {confirm}"
