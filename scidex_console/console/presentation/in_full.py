"""What the lines around a screen have to cut, whole: the last notice, trouble, halts, intents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from scidex_console.console.presentation.cells import Line
from scidex_console.console.presentation.facts import Fact, fact_lines, parts
from scidex_console.console.presentation.intents import in_order, who
from scidex_console.console.presentation.intents import subject as subject_of
from scidex_console.console.presentation.status import Knowledge
from scidex_console.console.presentation.words import ago, as_typed, at_length, run_state, size
from scidex_console.domain.intents import SETTLED, Intent
from scidex_console.engine.views import Overview, RunView
from scidex_console.engine.vocabulary import INTENT_WORDS


def in_full_lines(knowledge: Knowledge, notice: str, pointed_at: str, width: int) -> list[Line]:
    """All of it, in as many lines as it takes.

    `notice` is what the operator was told last, `pointed_at` what the cursor is on.
    """
    overview, now = knowledge.overview, knowledge.now
    said = [
        Fact("said last", notice, "strong"),
        Fact("database", knowledge.trouble, "bad"),
        Fact("cursor", pointed_at),
    ]
    if overview is None or now is None:
        return fact_lines(said, width)
    pushed = overview.last_batch.push if overview.last_batch else ""
    said += [
        *_runs(overview),
        Fact("engine", overview.engine.note if overview.engine else ""),
        Fact("push", "" if pushed in ("pushed", "pending") else pushed, "bad"),
    ]
    return parts(
        ("Now", fact_lines(said, width)),
        ("Asked for lately", fact_lines(_intents(overview, now, knowledge.program), width)),
    )


def _runs(overview: Overview) -> Iterator[Fact]:
    for gap in overview.gaps:
        if gap.run is not None:
            state = run_state(gap.run)
            yield Fact(gap.job.value, f"{state.text}{_why(gap.run)}", state.tone)


def _why(run: RunView) -> str:
    """Why a run stands, and what it takes for it to go on."""
    if run.state == "halted" and run.halt_reason:
        needed = f"; {size(run.halt_bytes_needed)} needed" if run.halt_bytes_needed else ""
        return f": {run.halt_reason}{needed}"
    return f": waits on {run.waits_on}" if run.waits_on else ""


def _intents(overview: Overview, now: datetime, program: str) -> Iterator[Fact]:
    for intent in in_order(overview.intents):
        settled = intent.state in SETTLED
        yield Fact(f"#{intent.id}", _words(intent, now, program), "" if settled else "warn")


def _words(intent: Intent, now: datetime, program: str) -> str:
    """One intent: what, by whom, and all that came of it."""
    at = intent.settled_at or intent.requested_at
    words = [
        f"{INTENT_WORDS[intent.state].upper()} {subject_of(intent)} by {who(intent, 60)}, "
        f"{at_length(at)} ({ago((now - at).total_seconds())})",
        as_typed(intent.outcome, program),
        f"waits on {intent.waits_on}" if intent.waits_on and intent.state not in SETTLED else "",
        f"reason: {intent.reason}" if intent.reason else "",
    ]
    return "; ".join(word for word in words if word)
