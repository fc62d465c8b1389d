"""Readers of artifacts and the read service in lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scidex_console.cli.output import NOTHING, Output, moment
from scidex_console.domain.reading.kinds import TITLES
from scidex_console.engine.reading.views import ReaderProcessView, ReadersView, RouteView, ServiceView


def readers_lines(view: ReadersView, output: Output) -> Iterator[str]:
    """Shares, counts and times of each kind of reader, and the processes that read."""
    heads = (
        "READER",
        "SHARE",
        "READS",
        "FOLDER",
        "LEGACY",
        "DB",
        "FELL BACK",
        "P50",
        "P99",
        "CHANGED",
        "WHY",
    )
    rows = [
        (
            each.reader,
            f"{each.share:g} %",
            f"{each.reads:,}",
            percent(each.by_folder_percent),
            f"{each.legacy:,}",
            f"{each.database:,}",
            f"{each.fell_back:,}",
            milliseconds(each.p50_ms),
            milliseconds(each.p99_ms),
            moment(each.changed_at),
            f"{each.operator}: {each.reason}" if each.operator else TITLES[each.reader],
        )
        for each in view.readers
    ]
    yield from output.table(heads, rows, elastic="WHY")
    yield ""
    yield f"reads of the last {view.minutes} minutes"
    yield from process_lines(view.processes, output)


def service_lines(view: ServiceView, output: Output) -> Iterator[str]:
    """Answers of the read service by kind of address."""
    if view.whole is None:
        yield f"the read service has answered nothing in the last {view.minutes} minutes"
    else:
        heads = ("ROUTE", "ANSWERS", "4XX", "5XX", "P50", "P99", "STATUSES")
        rows = [_route_row(route) for route in (*view.routes, view.whole)]
        yield from output.table(heads, rows, elastic="STATUSES")
        yield ""
        yield f"answers of the last {view.minutes} minutes"
    yield from process_lines(view.processes, output)


def process_lines(processes: Sequence[ReaderProcessView], output: Output) -> Iterator[str]:
    """Who reads at this moment, by which flag."""
    if not processes:
        yield "no process that reads has spoken within a minute"
        return
    yield ""
    rows = [
        (p.name, p.operator, _on(p.flag), _on(p.legacy), p.version, moment(p.since), moment(p.seen_at))
        for p in processes
    ]
    yield from output.table(("PROCESS", "ROLE", "FLAG", "LEGACY", "VERSION", "SINCE", "SEEN"), rows)


def percent(share: float | None) -> str:
    """A share to a tenth, rounded down so that only all is 100 %."""
    return NOTHING if share is None else f"{int(share * 10) / 10:g} %"


def milliseconds(time: float | None) -> str:
    """A time with as many digits as mean anything."""
    if time is None:
        return NOTHING
    return f"{time:,.0f} ms" if time >= 100 else f"{time:.1f} ms"


def _on(flag: bool) -> str:
    return "on" if flag else "off"


def _route_row(route: RouteView) -> tuple[str, ...]:
    return (
        route.route,
        f"{route.answers:,}",
        f"{route.client_errors:,}",
        f"{route.server_errors:,}",
        milliseconds(route.p50_ms),
        milliseconds(route.p99_ms),
        " ".join(f"{status}:{n:,}" for status, n in route.statuses),
    )
