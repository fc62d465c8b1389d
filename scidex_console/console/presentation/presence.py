"""Who watches, in few characters for a status line and whole for a list; and what a person did last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from scidex_console.console.presentation.cells import Cell, clean
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.words import ago, brief_moment, duration
from scidex_console.engine.handover import act_words
from scidex_console.engine.people import AuditView, PresenceView

IDLE_S = 600.0
"""Who pressed no key for so long is shown as idle."""
COLUMNS = (
    Column("operator", "watching", 23, weight=2, widest=40),
    Column("screen", "screen", 10),
    Column("seen", "seen", 8),
    Column("since", "since", 11, rank=1),
    Column("origin", "from", 16, weight=3, widest=60),
    Column("pid", "pid", 7, rank=2, align="right"),
)


def watchers(present: Sequence[PresenceView]) -> str:
    """How many watch and who, such as `2 watch: anna, bob`; empty where nobody else could be meant."""
    names = list(dict.fromkeys(clean(who.account or who.operator, 12) for who in present))
    if not names:
        return ""
    more = f" +{len(names) - 3}" if len(names) > 3 else ""
    return f"{len(present)} watch: {', '.join(names[:3])}{more}"


def last_act(act: AuditView | None, now: datetime) -> str:
    """What a person did last, such as `bob: pause figures 3m ago`; empty when nobody did anything."""
    if act is None:
        return ""
    return f"{clean(act.operator, 20)}: {clean(act_words(act), 40)} {ago((now - act.at).total_seconds())}"


def present_cells(who: PresenceView, now: datetime) -> Mapping[str, Cell]:
    """One console, for whichever of its columns are shown."""
    name = clean(who.operator, 60)
    if who.account and who.account != who.operator:
        name += f" ({clean(who.account, 40)})"
    idle = (now - who.active_at).total_seconds()
    seen = Cell(f"idle {duration(idle // 60 * 60)}", "dim") if idle >= IDLE_S else Cell("now", "ok")
    return {
        "operator": Cell(name + (" [read-only]" if who.read_only else ""), "strong"),
        "screen": Cell(clean(who.screen, 40)),
        "seen": seen,
        "since": Cell(brief_moment(who.since, now), "dim"),
        "origin": Cell(clean(who.origin, 120)),
        "pid": Cell(str(who.pid), "dim"),
    }
