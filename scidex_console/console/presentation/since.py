"""What happened since this operator left, in one line: what a person must know first stands first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from scidex_console.console.presentation.cells import Cell, Line, clean, crop_line
from scidex_console.console.presentation.words import ago, moment
from scidex_console.domain.batches import BatchState
from scidex_console.domain.fetching import FetchClass
from scidex_console.engine.handover import Handover, act_words
from scidex_console.engine.people import ENGINE
from scidex_console.engine.vocabulary import counted


def quiet_words(note: Handover) -> str:
    """Words for a time in which nothing happened; empty where something did.

    They are no line of their own: one that comes and goes has most of the screen sent anew.
    """
    return "" if any(_parts(note)) else f"since you left {_when(note)}: nothing happened"


def _when(note: Handover) -> str:
    return f"{moment(note.since, note.until)}, {ago((note.until - note.since).total_seconds())}"


def since_line(note: Handover, width: int) -> Line:
    """Halts, batches taken back, what people did, then the counts."""
    cells = [Cell("since you left", "strong"), Cell(f" {_when(note)}:")]
    parts = list(_parts(note))
    for index, part in enumerate(parts):
        cells += [Cell(", " if index else " "), part]
    way = Cell("  Esc hides", "dim")
    told = crop_line(Line(tuple(cells)), width - len(way.text))
    return Line((*told.cells, way))


def _parts(note: Handover) -> Iterator[Cell]:
    for halt in note.halts()[:2]:
        yield Cell(f"{halt.job} HALTED {moment(halt.at, note.until)} ({clean(halt.outcome, 40)})", "bad")
    for batch in note.taken_back()[:2]:
        yield Cell(f"batch {batch.id} taken back", "warn")
    people = [act for act in note.acts if act.operator != ENGINE]
    if people:
        last = people[0]
        text = f"{clean(last.operator, 24)}: {clean(act_words(last), 40)} {moment(last.at, note.until)}"
        yield Cell(text, "strong")
    if len(people) > 1:
        yield Cell(counted(len(people) - 1, "more act"))
    done = Counter(batch.job for batch in note.batches if batch.state is not BatchState.ROLLED_BACK)
    for job, number in done.items():
        changed = sum(batch.changed for batch in note.batches if batch.job is job)
        yield Cell(f"{job} {counted(number, 'batch', 'batches')}, {counted(changed, 'row')}")
    outcomes = note.outcomes()
    for outcome in (FetchClass.STORED, FetchClass.DEAD, FetchClass.TRANSIENT, FetchClass.BLOCKED):
        if outcomes[outcome]:
            yield Cell(f"{outcomes[outcome]:,} {outcome}", "warn" if outcome is FetchClass.TRANSIENT else "")
