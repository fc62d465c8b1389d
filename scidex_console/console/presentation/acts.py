"""Acts as rows and whole: who did what, from where, why, and what changed by it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from scidex_console.console.presentation.cells import Cell, Line, clean, line
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.differences import difference_lines, value_lines
from scidex_console.console.presentation.words import moment
from scidex_console.domain.intents import ActionName
from scidex_console.engine.actions import ACTIONS
from scidex_console.engine.handover import act_words, outcome_words
from scidex_console.engine.people import ENGINE, ActivityFilter, AuditView

COLUMNS = (
    Column("time", "UTC", 14),
    Column("operator", "who", 12, weight=1, widest=24),
    Column("what", "what", 25, weight=2, widest=44),
    Column("outcome", "outcome", 20, weight=3, widest=90),
    Column("reason", "why", 12, rank=1, weight=2, widest=60),
    Column("origin", "from", 16, rank=2, weight=1, widest=40),
)
_TONES = {"done": "ok", "refused": "bad", "cancelled": "dim"}


def act_cells(act: AuditView, now: datetime | None) -> Mapping[str, Cell]:
    """One act, for whichever of its columns are shown."""
    engine = act.operator == ENGINE
    return {
        "time": Cell(moment(act.at, now), "dim"),
        "operator": Cell(clean(act.operator, 120), "dim" if engine else "strong"),
        "what": Cell(clean(act_words(act), 120)),
        "outcome": Cell(clean(outcome_words(act)), outcome_tone(act)),
        "reason": Cell(clean(act.reason)),
        "origin": Cell(clean(act.origin, 120), "dim"),
    }


def outcome_tone(act: AuditView) -> str:
    """An intent that is open waits; a halt is bad; else it is as it was settled."""
    if act.id < 0:
        return "warn"
    if act.action == "run:halt":
        return "bad"
    return _TONES.get(act.outcome.partition(":")[0], "")


def act_lines(act: AuditView) -> list[Line]:
    """All about an act."""
    facts = (
        ("when", act.at.isoformat(sep=" ", timespec="milliseconds")),
        ("who", act.operator),
        ("from", act.origin),
        ("why", act.reason),
        ("outcome", outcome_words(act)),
        ("authorized by", act.authorization),
        ("job", act.job.value if act.job else ""),
        ("intent", str(act.intent_id or "")),
        ("run", str(act.run_id or "")),
        ("batch", str(act.batch_id or "")),
        ("operation", act.op),
        ("version", act.version),
        ("engine's epoch", str(act.epoch or "")),
    )
    lines = [line(Cell(f"{name:<15}", "dim"), Cell(clean(value))) for name, value in facts if value]
    asked, after = _asked_and_result(act)
    if asked:
        lines += [Line(), line(Cell("asked for", "strong")), *value_lines(asked)]
    lines += [Line(), line(Cell("before → after", "strong")), *_changes(act, after)]
    return lines


def _changes(act: AuditView, after: Any) -> Iterator[Line]:
    if act.id < 0:
        yield line(Cell("  nothing yet: it is open", "dim"))
        return
    if act.before is None and after is None:
        yield line(Cell("  not recorded", "dim"))
        return
    changes = difference_lines(act.before, after)
    yield from changes or [line(Cell("  nothing differs", "dim"))]


def _asked_and_result(act: AuditView) -> tuple[Any, Any]:
    """What an intent asked for stands in its audit row beside its result."""
    after = act.after
    if isinstance(after, dict) and "params" in after and set(after) <= {"params", "result"}:
        return after["params"], after.get("result")
    return None, after


def act_command(act: AuditView) -> str:
    """The act as a command line without the program, ready to be done again; empty where there is none."""
    name = act.action.removeprefix("intent:")
    asked, _ = _asked_and_result(act)
    if name == act.action or name not in list(ActionName) or not isinstance(asked, dict):
        return ""
    spec = ACTIONS[ActionName(name)]
    if name == ActionName.THROTTLE and "group" not in asked:
        return ""
    given = {key: value for key, value in asked.items() if key != "token"}
    return spec.command(act.job, given, act.reason, program="").strip()


def listing_command(criteria: ActivityFilter) -> str:
    """What lists the acts that are filtered so, without the program."""
    words = ["activity"]
    for name, value in (("by", criteria.operator), ("action", criteria.action), ("text", criteria.text)):
        words += [f"--{name}", value] if value else []
    if criteria.since is not None:
        words += ["--since", criteria.since.isoformat(timespec="seconds")]
    return shlex.join([*words, "--everything"] if criteria.everything else words)
