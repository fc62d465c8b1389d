"""The soak of the phase under way as Markdown: what was required, what was seen, who said so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from scidex_console.domain.sanitise import visible
from scidex_console.domain.soak.ladder import Ladder
from scidex_console.domain.soak.phases import PHASES
from scidex_console.domain.soak.words import CHECK_WORDS, RUNG_WORDS, clock_words, figure_words, gate_words


def render_soak(ladder: Ladder, environment: str) -> str:
    """A report that can be kept: Markdown, UTC times."""
    return "\n".join(_lines(ladder, environment)) + "\n"


def _lines(ladder: Ladder, environment: str) -> Iterator[str]:
    yield f"# Soak of the folder migration, {_cell(environment)}, {_time(ladder.taken_at)}"
    yield ""
    yield from _table(
        ("Phase", "Name", "State", "Begun", "By"),
        [
            (str(r.phase), r.name, RUNG_WORDS[r.state], _time(r.begun_at), r.operator or "-")
            for r in ladder.rungs
        ],
    )
    entry = ladder.entry
    if entry is None:
        yield ""
        yield "No phase was begun yet."
        return
    yield ""
    yield f"## Phase {entry.phase}: {PHASES[entry.phase].name}"
    yield ""
    yield PHASES[entry.phase].what
    yield ""
    by_override = " The gate before it was overridden." if entry.overridden else ""
    yield f"Begun {_time(entry.begun_at)} by {_cell(entry.operator)}: {_cell(entry.reason)}.{by_override}"
    yield f"Clock: {_cell(clock_words(ladder))}."
    yield f"Gate: {gate_words(ladder)}."
    yield from (f"- {_cell(why)}" for why in ladder.gate.shut_by)
    yield ""
    yield from _checks(ladder)
    yield from _steps(ladder)
    yield from _override(ladder)


def _checks(ladder: Ladder) -> Iterator[str]:
    yield "### Acceptance"
    yield ""
    rows = []
    for view in ladder.checks:
        evidence = view.evidence
        signed = view.signed
        said = f"{signed.operator}, {_time(signed.at)}: {signed.reason}" if signed else "-"
        if signed and view.expired:
            said += f" (void: {view.expired})"
        figure = figure_words(view) or "-"
        seen = f"{evidence.words} ({_time(evidence.at)})" if evidence else "-"
        state = CHECK_WORDS[view.state]
        rows.append((view.check.id, view.check.words, state, figure, view.check.threshold, seen, said))
    yield from _table(("Check", "Required", "State", "Figure", "Aim", "Evidence", "Signed off"), rows)
    yield ""


def _steps(ladder: Ladder) -> Iterator[str]:
    yield "### Guide"
    yield ""
    rows = []
    for view in ladder.steps:
        done = view.done
        said = f"{done.operator}, {_time(done.at)}: {done.reason}" if done else "not confirmed"
        rows.append((view.step.id, f"{view.step.hour:g}", f"{view.step.do} {view.step.look}", said))
    yield from _table(("Step", "Hour of 24", "What", "Confirmed"), rows)


def _override(ladder: Ladder) -> Iterator[str]:
    found = ladder.override
    if found is None:
        return
    yield ""
    yield "### Override"
    yield ""
    said = f"Phase {found.phase} may begin all the same, by {_cell(found.operator)}, {_time(found.at)}"
    yield f"{said}: {_cell(found.reason)}. It passes over:"
    yield from (f"- {_cell(why)}" for why in found.shut_by)


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    yield from (f"| {' | '.join(_cell(text) for text in row)} |" for row in rows)


def _cell(text: str) -> str:
    return visible(text).replace("|", "\\|").replace("<", "&lt;")


def _time(at: datetime | None) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at else "-"
