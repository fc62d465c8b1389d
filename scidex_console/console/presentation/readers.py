"""Readers of artifacts and the read service: shares, counts, times, and what a change of a share would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scidex_console.console.presentation.cells import Cell, Line, clean, crop_line
from scidex_console.console.presentation.columns import Column
from scidex_console.console.presentation.words import NOTHING, ago, count, moment, sparkline, tally
from scidex_console.domain.reading.kinds import TITLES, ReaderKind
from scidex_console.domain.reading.shares import WHOLE
from scidex_console.domain.reading.words import change_words
from scidex_console.engine.reading.views import ALL, ReaderProcessView, ReadersView, ReaderView, RouteView

READER_COLUMNS = (
    Column("reader", "reader", 10),
    Column("share", "share", 6, align="right"),
    Column("folder", "by folder", 9, align="right"),
    Column("reads", "reads", 7, align="right"),
    Column("legacy", "legacy", 7, rank=4, align="right"),
    Column("database", "db only", 7, rank=5, align="right"),
    Column("back", "fell back", 9, rank=3, align="right"),
    Column("p50", "p50 ms", 7, rank=2, align="right"),
    Column("p99", "p99 ms", 7, align="right"),
    Column("pace", "reads in the hour", 12, rank=1, weight=2, widest=60, align="right", crop="start"),
    Column("changed", "changed", 15, rank=6),
)
ROUTE_COLUMNS = (
    Column("route", "address", 14, weight=1, widest=24),
    Column("answers", "answers", 8, align="right"),
    Column("client", "4xx", 6, align="right"),
    Column("server", "5xx", 6, align="right"),
    Column("p50", "p50 ms", 7, rank=2, align="right"),
    Column("p99", "p99 ms", 7, align="right"),
    Column("pace", "answers in the hour", 12, rank=1, weight=2, widest=60, align="right", crop="start"),
)
_SLOW_MS = 500.0
"""Spec: "p99 < 500ms maintained"."""


def reader_cells(view: ReaderView, taken: ReadersView, width: int) -> Mapping[str, Cell]:
    """One reader; `width` is that of the bars."""
    minute = int(taken.taken_at.timestamp() // 60)
    bars = sparkline(view.per_minute, width, minute) if view.reads else ""
    return {
        "reader": Cell(view.reader),
        "share": Cell(f"{view.share:g} %", _share_tone(view.share)),
        "folder": Cell(percent(view.by_folder_percent), "" if view.reads else "dim"),
        "reads": tally(view.reads),
        "legacy": tally(view.legacy),
        "database": tally(view.database),
        "back": tally(view.fell_back, "warn"),
        "p50": Cell(milliseconds(view.p50_ms)),
        "p99": _slow(view.p99_ms),
        "pace": Cell(bars, "dim"),
        "changed": Cell(moment(view.changed_at, taken.taken_at), "" if view.changed_at else "dim"),
    }


def reader_words(view: ReaderView) -> str:
    """All about one reader, in a sentence or two."""
    by = f"by {clean(view.operator)}: {clean(view.reason)}" if view.operator else "never changed"
    reads = (
        f"{view.folder:,} reads by the folder, {view.legacy:,} by legacy paths, {view.database:,} of the row "
        f"alone; {view.fell_back:,} found nothing by the way that goes first"
        if view.reads
        else "It has read nothing in the last hour"
    )
    return f"{TITLES[view.reader]}: {view.share:g} % by the folder first, {by}. {reads}."


def route_cells(view: RouteView, minute: int, width: int) -> Mapping[str, Cell]:
    """One kind of address; `minute` is the number of the running one, `width` that of the bars."""
    return {
        "route": Cell(clean(view.route, 24), "strong" if view.route == ALL else ""),
        "answers": tally(view.answers, width=8),
        "client": tally(view.client_errors, "", 6),
        "server": tally(view.server_errors, "bad", 6),
        "p50": Cell(milliseconds(view.p50_ms)),
        "p99": _slow(view.p99_ms),
        "pace": Cell(sparkline(view.per_minute, width, minute), "dim"),
    }


def route_words(view: RouteView) -> str:
    """How often each status was answered."""
    statuses = ", ".join(f"{status}: {n:,}" for status, n in view.statuses if n)
    return f"{clean(view.route, 24)}: {view.answers:,} answers in the last hour by status: {statuses}."


def process_lines(processes: Sequence[ReaderProcessView], width: int) -> list[Line]:
    """Who reads at this moment, by which flag; the shares do not count where it is off."""
    if not processes:
        return [Line((Cell("no process that reads has spoken within a minute", "dim"),))]
    lines = []
    for process in processes:
        flag = Cell("flag on", "ok") if process.flag else Cell("flag OFF: no share counts", "warn")
        since = f", since {ago((process.seen_at - process.since).total_seconds())}"
        legacy = "" if process.legacy else ", folders only"
        who = f"{clean(process.name, 40)}, login {clean(process.operator, 40)}: "
        lines.append(crop_line(Line((Cell(who), flag, Cell(f"{legacy}{since}", "dim"))), width))
    return lines


def plan_words(taken: ReadersView, reader: str, share: float) -> str:
    """What a change would do, by the reads of the last hour."""
    concerned = [view for view in taken.readers if reader in (view.reader, ALL)]
    words = change_words({view.reader: view.share for view in concerned}, share)
    changing = [view for view in concerned if view.share != share]
    if not changing:
        return words
    reads = sum(view.reads for view in changing)
    now = sum(view.reads * view.share / WHOLE for view in changing)
    words += f". Of {reads:,} reads in the last hour about {reads * share / WHOLE:,.0f} would look into the "
    words += f"folder first, where {now:,.0f} do now"
    off = [clean(process.name, 40) for process in taken.processes if not process.flag]
    if off:
        words += f"; the flag is off in {', '.join(off)}, where no share counts"
    return f"{words}. The other way stays the fall-back."


def is_reader(text: str) -> bool:
    """Whether a text names a reader, or all of them."""
    return text in (*ReaderKind, ALL)


def percent(share: float | None) -> str:
    """A share to a tenth, rounded down so that only all is 100 %."""
    return NOTHING if share is None else f"{int(share * 10) / 10:g} %"


def milliseconds(time: float | None) -> str:
    """A time in milliseconds, with as many digits as mean anything."""
    if time is None:
        return NOTHING
    return count(round(time)) if time >= 100 else f"{time:.1f}"


def _share_tone(share: float) -> str:
    return "ok" if share >= WHOLE else ("warn" if share else "dim")


def _slow(time: float | None) -> Cell:
    slow = time is not None and time >= _SLOW_MS
    return Cell(f"{milliseconds(time)}{'!' if slow else ''}", "bad" if slow else "")
