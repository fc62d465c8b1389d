"""Intents in words: who asked for what, what it waits on, what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from scidex_console.console.presentation.cells import Cell, Line, clean, crop_line
from scidex_console.console.presentation.words import ago, as_typed
from scidex_console.domain.intents import SETTLED, Intent, IntentState
from scidex_console.engine.actions import PROGRAM
from scidex_console.engine.vocabulary import INTENT_WORDS

_TONES = {
    IntentState.REQUESTED: "warn",
    IntentState.ACCEPTED: "warn",
    IntentState.WAITING: "warn",
    IntentState.DONE: "ok",
    IntentState.REFUSED: "bad",
    IntentState.CANCELLED: "dim",
}


def subject(intent: Intent) -> str:
    """What was asked for, such as `step figures 5` or `throttle europepmc`."""
    words = [intent.action.value.replace("_", " ")]
    if intent.job:
        words.append(intent.job.value)
    for key in ("count", "batch", "outcome", "group", "phase", "step", "check"):
        if intent.params.get(key) not in (None, ""):
            words.append(clean(str(intent.params[key]), 60))
    return " ".join(words)


def who(intent: Intent, longest: int = 24) -> str:
    """Everyone who asked for it, each name in so many characters at most."""
    return ", ".join(clean(name, longest) for name in (intent.operator, *intent.also_by))


def intent_line(intent: Intent, now: datetime, width: int, program: str = PROGRAM) -> Line:
    """One intent: state, what, who, since when, and its cause or outcome."""
    settled = intent.state in SETTLED
    since = intent.settled_at if settled and intent.settled_at else intent.requested_at
    cells = [
        Cell(f"#{intent.id} ", "dim"),
        Cell(INTENT_WORDS[intent.state].upper(), _TONES[intent.state]),
        Cell(f" {subject(intent)}", "strong"),
        Cell(f" by {who(intent)} {ago((now - since).total_seconds())}"),
    ]
    if settled and intent.outcome:
        cells.append(Cell(f": {as_typed(clean(intent.outcome), program)}"))
    if not settled and intent.waits_on:
        cells.append(Cell(f" waits on {clean(intent.waits_on)}", "warn"))
    if not settled and intent.cancel_requested:
        cells.append(Cell(" (withdrawal asked for)"))
    if intent.reason:
        cells.append(Cell(f" – {clean(intent.reason)}", "dim"))
    return crop_line(Line(tuple(cells)), width)


def in_order(intents: Sequence[Intent]) -> list[Intent]:
    """Open ones first, newest first; then what was settled last."""
    open_ones = [i for i in intents if i.state not in SETTLED]
    settled = [i for i in intents if i.state in SETTLED]
    return [
        *sorted(open_ones, key=lambda i: -i.id),
        *sorted(settled, key=lambda i: (i.settled_at or i.requested_at, i.id), reverse=True),
    ]


def outcome_words(intent: Intent) -> str:
    """One sentence on where an intent stands, for the notice line."""
    text = f"#{intent.id} {subject(intent)}: {INTENT_WORDS[intent.state]}"
    detail = (
        intent.outcome if intent.state in SETTLED else (intent.waits_on and f"waits on {intent.waits_on}")
    )
    return f"{text}, {clean(detail)}" if detail else text
