"""The soak in cells: ladder, clock and gate, each check with its evidence, the step that is next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from scidex_console.console.presentation.cells import Cell, Line, clean, crop_line, line, wrap
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.words import NOTHING, ago, at_length, brief_moment, duration
from scidex_console.domain.soak.clock import ClockState
from scidex_console.domain.soak.guide import Step
from scidex_console.domain.soak.ladder import (
    CheckState,
    CheckView,
    Ladder,
    RungState,
    StepView,
    overridden,
    passed_over,
)
from scidex_console.domain.soak.phases import PHASES
from scidex_console.domain.soak.words import CHECK_WORDS, RUNG_WORDS, figure_words, gate_words
from scidex_console.engine.actions import ACTIONS, PROGRAM

CHECK_COLUMNS = (
    Column("check", "check", 15),
    Column("state", "state", 9),
    Column("figure", "figure", 13, align="right"),
    Column("aim", "aim", 18, rank=4),
    Column("age", "measured", 10, rank=2),
    Column("trend", "trend", 8, rank=3, weight=1, widest=24),
    Column("evidence", "evidence", 16, rank=1, weight=6),
)
_CHECK_TONES = {
    CheckState.PASSING: "ok",
    CheckState.SIGNED: "ok",
    CheckState.PENDING: "warn",
    CheckState.PERSON: "key",
    CheckState.UNMEASURED: "key",
    CheckState.FAILING: "badge-bad",
}
_RUNG_TONES = {
    RungState.AHEAD: "dim",
    RungState.CURRENT: "strong",
    RungState.PASSED: "ok",
    RungState.OVERRIDDEN: "warn",
    RungState.SKIPPED: "dim",
}
_CLOCK_TONES = {
    ClockState.RUNNING: "badge-ok",
    ClockState.DONE: "badge-ok",
    ClockState.STOPPED: "badge-bad",
    ClockState.UNWATCHED: "badge-warn",
    ClockState.WAITING: "badge-warn",
}
_BARS = "▁▂▃▄▅▆▇█"
_METER = 14
"""Columns of the clock's bar."""
_WIDEST_WORD = 12
"""Columns of a phase's state."""
_MOST_WHY = 2
"""Lines of why the clock does not run."""
TALL_FROM = 32
"""Rows from which on each phase has a line of its own."""


def ladder_lines(ladder: Ladder, width: int, height: int) -> list[Line]:
    """The phases: a line each where there is room, else one after the other."""
    if height >= TALL_FROM:
        return [_rung_line(ladder, number, width) for number in range(len(PHASES))]
    lines: list[Line] = []
    row: list[Cell] = []
    for rung in ladder.rungs:
        cells = [
            Cell(f"{rung.phase} {rung.name} ", _RUNG_TONES[rung.state]),
            _rung_word(rung.state),
            Cell("  "),
        ]
        if row and Line((*row, *cells[:2])).width > width:
            lines.append(Line(tuple(row[:-1])))
            row = []
        row += cells
    return [crop_line(each, width) for each in (*lines, Line(tuple(row[:-1])))]


def _rung_word(state: RungState) -> Cell:
    word = RUNG_WORDS[state]
    return Cell(f" {word.upper()} ", "badge-ok") if state is RungState.CURRENT else Cell(word, "dim")


def _rung_line(ladder: Ladder, number: int, width: int) -> Line:
    rung = ladder.rungs[number]
    begun = f"  {rung.begun_at:%Y-%m-%d %H:%M} by {clean(rung.operator, 40)}" if rung.begun_at else ""
    name = Cell(f" {number}  {rung.name:<14}", _RUNG_TONES[rung.state])
    word = _rung_word(rung.state)
    gap = Cell(" " * (_WIDEST_WORD - len(word.text)))
    return crop_line(line(name, word, gap, Cell(begun), Cell(f"  {rung.what}", "dim")), width)


def clock_lines(ladder: Ladder, width: int, program: str = PROGRAM) -> list[Line]:
    """Clock and gate; why the clock does not run is never cut to less than two lines."""
    found = ladder.clock
    if found is None or ladder.entry is None:
        begin = f"no phase was begun yet: g begins phase 0, as does `{program} soak begin 0 --reason TEXT`"
        rows = wrap(clean(begin), max(width - 7, 10))
        return [
            line(Cell("       " if i else " clock ", "dim"), Cell(row, "strong"))
            for i, row in enumerate(rows)
        ]
    share = min(found.elapsed_s / found.needed_s, 1.0) if found.needed_s else 1.0
    full = int(share * _METER)
    cells = [
        Cell("clock ", "dim"),
        Cell(f" {found.state.upper()} ", _CLOCK_TONES[found.state]),
        Cell(f" {duration(found.elapsed_s)} of {duration(found.needed_s)} "),
        Cell("█" * full + "░" * (_METER - full)),
        Cell(f" {int(share * 100)} %"),
    ]
    if found.state is ClockState.RUNNING:
        cells.append(Cell(f"  {duration(found.left_s)} to go", "dim"))
    if found.since is not None and found.state in (ClockState.STOPPED, ClockState.RUNNING):
        cells.append(Cell(f"  since {brief_moment(found.since, ladder.taken_at)}", "dim"))
    lines = [crop_line(line(*cells), width)]
    if found.why:
        anew = (
            " When it passes again, the clock starts at nothing." if found.state is ClockState.STOPPED else ""
        )
        tone = "bad" if found.state is ClockState.STOPPED else "warn"
        rows = wrap(clean(f"{found.why}.{anew}"), max(width - 6, 10))
        lines += [line(Cell("      "), Cell(row, tone)) for row in rows[:_MOST_WHY]]
    return [*lines, _gate_line(ladder, width)]


def _gate_line(ladder: Ladder, width: int) -> Line:
    gate = ladder.gate
    following = ladder.next_phase
    cells = [Cell("gate  ", "dim")]
    if gate.is_open:
        cells += [Cell(" OPEN ", "badge-ok"), Cell(gate_words(ladder).removeprefix("open:"))]
    else:
        cells += [Cell(" SHUT ", "badge-warn"), Cell(f" by {len(gate.shut_by)}")]
        waits = "a person" if gate.needs_person else "time"
        cells += [Cell(", waits for "), Cell(waits, "strong")]
        if following is not None and overridden(ladder, following) and ladder.override is not None:
            cells.append(Cell(f"  phase {following} let in by {clean(ladder.override.operator, 40)}", "warn"))
    if not ladder.rules.enforced:
        cells.append(Cell("  keeps no run back here", "dim"))
    return crop_line(line(*cells), width)


def in_order(checks: Sequence[CheckView]) -> list[CheckView]:
    """What fails first; the rest as the specification has it."""
    return sorted(checks, key=lambda view: view.state is not CheckState.FAILING)


def check_cells(view: CheckView, now: datetime, width: int) -> Mapping[str, Cell]:
    """One check. `width` bounds the trend."""
    evidence = view.evidence
    words = view.expired or (evidence.words if evidence else "not looked at yet")
    if view.state is CheckState.SIGNED and view.signed is not None:
        words = f"{view.signed.operator}: {view.signed.reason}"
    return {
        "check": Cell(view.check.id),
        "state": Cell(CHECK_WORDS[view.state], _CHECK_TONES[view.state]),
        "figure": Cell(figure_words(view) or NOTHING, "" if figure_words(view) else "dim"),
        "aim": Cell(view.check.threshold, "dim"),
        "age": Cell(ago((now - evidence.at).total_seconds()) if evidence else NOTHING, "dim"),
        "trend": Cell(trend(evidence.trend if evidence else (), min(width, 24))),
        "evidence": Cell(clean(words), "warn" if view.expired else ""),
    }


def trend(values: Sequence[float], width: int) -> str:
    """The last figures as bars between the least and the most of them; level where they are all alike."""
    shown = values[-width:] if width > 0 else ()
    if len(shown) < 2:
        return ""
    least, most = min(shown), max(shown)
    if least == most:
        return _BARS[3] * len(shown)
    return "".join(_BARS[round((value - least) / (most - least) * (len(_BARS) - 1))] for value in shown)


def check_words(view: CheckView) -> str:
    """All about a check, for the paragraph below the table."""
    parts = [f"{view.check.words}."]
    if view.evidence is not None:
        parts.append(f"Seen at {at_length(view.evidence.at)}: {view.evidence.words}.")
    if view.signed is not None:
        void = f" Void: {view.expired}." if view.expired else ""
        parts.append(f"Signed off by {view.signed.operator}: {view.signed.reason}.{void}")
    parts.append(f"Told by: {view.check.how}; must be: {view.check.threshold}.")
    return " ".join(parts)


def guide_lines(ladder: Ladder, width: int) -> list[Line]:
    """The step that is next: what to do, what to look at, its action."""
    view = ladder.next_step
    if view is None:
        return (
            [line(Cell("guide ", "dim"), Cell("every step of this phase is confirmed"))]
            if ladder.entry
            else []
        )
    left = sum(step.done is None for step in ladder.steps)
    when = Cell("now", "key") if view.due else Cell(f"in {duration(view.in_s)} of the clock", "dim")
    action = action_words(view.step)
    does = Cell(f"  does `{action}`" if action and view.due else "")
    name = Cell(view.step.id, "strong")
    head = line(Cell("guide ", "dim"), name, " ", when, Cell(f"  {left} left", "dim"), does)
    do = line(Cell("  do   ", "dim"), Cell(view.step.do))
    look = line(Cell("  look ", "dim"), Cell(view.step.look))
    return [crop_line(each, width) for each in (head, do, look)]


def step_words(step: StepView) -> str:
    """What a step asks for, for its dialog."""
    return f"{step.step.do} Look: {step.step.look}"


def action_words(step: Step) -> str:
    """The action of a step as a command line, without the program; empty where it has none."""
    if step.action is None:
        return ""
    action = step.action
    return ACTIONS[action.name].command(action.job, action.params).removeprefix(f"{PROGRAM} ")


def over_lines(ladder: Ladder, phase: int, width: int) -> list[Line]:
    """What an override of a phase passes over, wrapped."""
    lines: list[Line] = []
    for why in passed_over(ladder, phase):
        rows = wrap(clean(why), max(width - 4, 10))
        lines += [line(Cell("  • " if n == 0 else "    "), Cell(row)) for n, row in enumerate(rows)]
    return lines
