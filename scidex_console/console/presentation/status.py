"""The status lines: where we are, whether we may write, how the engine is, and how old all this is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.cells import cell_len

from scidex_console.console.presentation.cells import Cell, Line, clean, crop_line, fit
from scidex_console.console.presentation.presence import watchers
from scidex_console.console.presentation.words import as_typed, duration, run_state
from scidex_console.engine.actions import PROGRAM
from scidex_console.engine.views import EngineView, Overview

LISTS = frozenset({"dead", "errors"})
"""The overview's lists, which are read only for who shows them."""


@dataclass(frozen=True)
class Knowledge:
    """What the console knows, and how well."""

    overview: Overview | None
    age_s: float = 0.0
    """Seconds since the overview was read, by the console's own clock."""
    trouble: str = ""
    """Why it cannot be read just now; empty when it can."""
    stale_after_s: float = 15.0
    read_only: bool = False
    production: bool = False
    """Whether the configuration says that this is production, whatever the environment is called."""
    program: str = PROGRAM
    """What every command line that is shown begins with: the program as it is run here."""
    lists: frozenset[str] = LISTS
    """Which lists of the overview were read with it: another screen needs none, and then they are empty."""
    read_at: float = 0.0
    """When the overview was read, by the console's own clock."""
    screen_age_s: float = 0.0
    """Seconds since that was read which the screen on show has for itself; 0 where it has nothing."""

    @property
    def now(self) -> datetime | None:
        """The database's clock, as far as we know it: its last answer and what passed since."""
        return self.overview.taken_at + timedelta(seconds=self.age_s) if self.overview else None

    @property
    def shown_age_s(self) -> float:
        """Age of the oldest of what is shown: a screen that was away may have read its part long ago."""
        return max(self.age_s, self.screen_age_s)

    @property
    def stale(self) -> bool:
        """Whether the data is too old to act upon."""
        return self.age_s > self.stale_after_s

    @property
    def blocked(self) -> str:
        """Why nothing may act on what is shown; empty when it may."""
        if self.overview is None:
            return self.trouble and f"the database is out of reach: {self.trouble}"
        if self.trouble:
            return f"the database is out of reach; what is shown is {duration(self.shown_age_s)} old"
        if self.stale:
            return f"what is shown is {duration(self.shown_age_s)} old"
        return ""


def is_production(environment: str) -> bool:
    """Whether an environment's name means the real thing."""
    return environment.strip().lower().startswith(("prod", "live"))


_LONGEST_AUTHORIZATION = 40
_SHORTEST_AUTHORIZATION = 8
_SHORTEST_ENVIRONMENT = 12
_ASKING_NEEDS = 8
"""Columns without which who is asking is left out, instead of being cut to nothing."""


def place_cells(
    engine: EngineView | None,
    *,
    production: bool = False,
    authorization_in: int | None = None,
    name_in: int = 24,
) -> tuple[Cell, ...]:
    """Environment and write mode as badges, with the authorization, in so many columns where room is short.

    `production` is what the configuration says; a name that means production is taken at its word as well.
    """
    if engine is None:
        name, tone = ("PRODUCTION", "badge-bad") if production else ("ENVIRONMENT UNKNOWN", "badge-warn")
        return (Cell(f" {name} ", tone), Cell(" "), Cell(" NO ENGINE YET ", "badge-warn"))
    told = clean(engine.environment or "unnamed", name_in).upper()
    if production and not is_production(told):
        told = f"PRODUCTION {told}"
    production = production or is_production(told)
    badge = "badge-bad" if production else "badge-ok"
    if not engine.writes:
        mode = [Cell(" OBSERVE ", "badge-ok"), Cell(" nothing is written")]
    else:
        authorization = clean(engine.authorization, authorization_in or _LONGEST_AUTHORIZATION)
        mode = [
            Cell(" WRITES ", "badge-bad" if production else "badge-warn"),
            Cell(" by " if authorization_in else " authorized by "),
            Cell(authorization or "nobody", "strong"),
        ]
    return (Cell(f" {told} ", badge), Cell(" "), *mode)


def place_line(knowledge: Knowledge, width: int) -> Line:
    """First line: environment, write mode, authorization, database, who is asking.

    Of these the authorization gives way first, so that the database stands there in 80 columns, at the worst
    with its beginning and its end.
    """
    overview = knowledge.overview
    if overview is None:
        return Line((Cell(" scidex-console ", "badge-ok"), Cell(" reading the database …")))
    needed: list[Cell] = []
    if knowledge.read_only or not overview.identity.can_write_intents:
        needed += [Cell("  "), Cell(" READ-ONLY ", "badge-warn")]
    name = clean(overview.identity.database, 80)
    needed += [Cell("  database ", "dim"), Cell(fit(name, min(cell_len(name), 40), crop="middle"))]
    place = place_cells(overview.engine, production=knowledge.production)
    if Line((*place, *needed)).width > width:
        place = place_cells(overview.engine, production=knowledge.production, authorization_in=1)
        room = width - Line((*place[:-1], *needed)).width - 1  # for the mark that it was cut
        place = place_cells(
            overview.engine,
            production=knowledge.production,
            authorization_in=min(max(room, _SHORTEST_AUTHORIZATION), _LONGEST_AUTHORIZATION),
        )
    if Line((*place, *needed)).width > width:
        # Even so it is too long: environment and database share what is left.
        place = place_cells(
            overview.engine,
            production=knowledge.production,
            authorization_in=_SHORTEST_AUTHORIZATION,
            name_in=_SHORTEST_ENVIRONMENT,
        )
        room = width - Line((*place, *needed[:-2], Cell("  db "))).width
        shown = fit(name, min(cell_len(name), max(room, 5)), crop="middle")
        needed[-2:] = [Cell("  db ", "dim"), Cell(shown)]
    if Line((*place, *needed)).width + _ASKING_NEEDS <= width:
        needed += [Cell("  as ", "dim"), Cell(clean(overview.identity.operator, 24))]
    return crop_line(Line((*place, *needed)), width)


_WIDE = 120
"""Columns from which on the status lines have room for names."""
_ENGINE_TONES = {"running": "ok", "stalled": "badge-bad", "stopped": "badge-warn", "fenced": "badge-bad"}


def _jobs_cells(overview: Overview) -> list[Cell]:
    """Each job and the state of its run."""
    cells: list[Cell] = []
    for gap in overview.gaps:
        cells += [Cell(f"  {gap.job} ", "dim"), run_state(gap.run)]
    return cells


def pulse_line(knowledge: Knowledge, width: int, *, jobs: bool = False) -> Line:
    """Second line: age of the data, heartbeat, engine. What ticks comes first: a tick is few bytes.

    `jobs` tells the state of each job's run instead of which engine it is, where no other pane does.
    """
    overview = knowledge.overview
    if overview is None:
        return Line()
    age = fit(duration(knowledge.shown_age_s), 5)
    cells = [Cell("data ", "dim"), Cell(age, "bad" if knowledge.trouble or knowledge.stale else "")]
    engine = overview.engine
    if engine is None:
        return crop_line(
            Line((*cells, Cell(" engine ", "dim"), Cell("none has run here yet", "warn"))), width
        )
    stalled = engine.state != "running"
    beat = None if engine.heartbeat_age_s is None else engine.heartbeat_age_s + knowledge.age_s
    cells += [
        Cell(" heartbeat ", "dim"),
        Cell(fit(duration(beat), 5), "bad" if stalled else ""),
        Cell(" engine ", "dim"),
        Cell(clean(engine.state, 16).upper(), _ENGINE_TONES.get(engine.state, "warn")),
    ]
    if jobs:
        cells += [*_jobs_cells(overview), *_waiting(overview)]
        watching = _watching(overview, width)
        # Cut to a digit or two, who watches would be a riddle.
        fits = Line((*cells, *watching)).width <= width
        return crop_line(Line((*cells, *(watching if fits else ()))), width)
    cells += _waiting(overview)
    cells += [Cell(f" {clean(engine.holder, 40)}"), Cell("  epoch ", "dim"), Cell(str(engine.epoch))]
    cells += _watching(overview, width)
    if engine.note:
        cells += [Cell("  "), Cell(clean(engine.note, 120), "dim")]
    return crop_line(Line(tuple(cells)), width)


def _watching(overview: Overview, width: int) -> list[Cell]:
    if not overview.present:
        return []
    few = f"{len(overview.present)} watch"
    return [Cell("  "), Cell(watchers(overview.present) if width >= _WIDE else few, "key")]


def _waiting(overview: Overview) -> list[Cell]:
    """Who waits to write to the repository, and for how long; nothing while nobody has to."""
    queue = [who for who in overview.writers if not who.writing]
    if not queue:
        return []
    first = queue[0]
    since = "" if first.since is None else f" {duration((overview.taken_at - first.since).total_seconds())}"
    more = f" and {len(queue) - 1} more" if len(queue) > 1 else ""
    return [Cell("  waits to write ", "dim"), Cell(f"{clean(first.name, 24)}{since}{more}", "warn")]


def banner_lines(knowledge: Knowledge, width: int) -> list[Line]:
    """Lines that are there only when something is wrong with what is shown, or with the engine."""
    overview = knowledge.overview
    old = f" what is shown is {duration(knowledge.shown_age_s)} old; actions are blocked"
    if knowledge.trouble:
        badge = Cell(" RECONNECTING ", "badge-bad")
        cause = Cell(f" {clean(knowledge.trouble)}", "bad")
        if overview is None:
            return [crop_line(Line((badge, cause)), width)]
        return [crop_line(Line((badge, Cell(old, "strong"))), width), crop_line(Line((cause,)), width)]
    if overview is None:
        return []
    if knowledge.stale:
        return [crop_line(Line((Cell(" STALE ", "badge-bad"), Cell(old, "strong"))), width)]
    return [*_engine_banner(overview, knowledge.program, width), *_push_banner(overview, width)]


def _push_banner(overview: Overview, width: int) -> list[Line]:
    """What git said when the last batch could not be pushed."""
    batch = overview.last_batch
    if batch is None or batch.push in ("", "pushed", "pending"):
        return []
    text = f" batch {batch.id} is stored here but not pushed: {clean(batch.push)}"
    return [crop_line(Line((Cell(" NOT PUSHED ", "badge-warn"), Cell(text, "strong"))), width)]


def _engine_banner(overview: Overview, program: str, width: int) -> list[Line]:
    engine = overview.engine
    if engine is None or engine.state == "running":
        return []
    word = clean(engine.state, 16).upper()
    text = {
        "stalled": " the engine gives no heartbeat; is its machine or its link down?",
        "stopped": as_typed(" no engine is running; start one with `scidex-console engine`", program),
        "fenced": " another engine has taken over; the fenced one writes nothing more",
    }.get(engine.state, f" the engine is {clean(engine.state, 16)}")
    return [crop_line(Line((Cell(f" {word} ", "badge-bad"), Cell(text, "strong"))), width)]
