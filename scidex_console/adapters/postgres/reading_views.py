"""Readers and the read service as consoles and commands see them: counts of the last minutes, added up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.snapshot import Row, Rows, ask, snapshot
from scidex_console.domain.reading.histogram import quantile_ms
from scidex_console.domain.reading.kinds import ReaderKind, Source
from scidex_console.engine.reading.views import (
    ReaderProcessView,
    ReadersView,
    ReaderView,
    RouteView,
    ServiceView,
)

_CLIENT_ERROR, _SERVER_ERROR = 400, 500


async def read_readers(database: Database, minutes: int) -> ReadersView:
    """Shares, and reads of the last minutes."""
    async with snapshot(database) as connection:
        found = await ask(
            connection,
            {
                "read_clock": None,
                "list_reader_shares": None,
                "list_reader_processes": None,
                "count_reads_by_minute": {"minutes": minutes},
            },
        )
    shares = {row["reader"]: row for row in found["list_reader_shares"]}
    counted = _by(found["count_reads_by_minute"], "reader")
    return ReadersView(
        taken_at=found["read_clock"][0]["taken_at"],
        minutes=minutes,
        readers=tuple(_reader(kind, shares.get(kind), counted[kind], minutes) for kind in ReaderKind),
        processes=_processes(found["list_reader_processes"]),
    )


async def read_service(database: Database, minutes: int) -> ServiceView:
    """Answers of the last minutes."""
    async with snapshot(database) as connection:
        found = await ask(
            connection,
            {
                "read_clock": None,
                "list_reader_processes": None,
                "count_requests_lately": {"minutes": minutes},
            },
        )
    rows = found["count_requests_lately"]
    routes = (_route(route, of_it, minutes) for route, of_it in _by(rows, "route").items())
    return ServiceView(
        taken_at=found["read_clock"][0]["taken_at"],
        minutes=minutes,
        routes=tuple(sorted(routes, key=lambda route: (-route.answers, route.route))),
        processes=_processes(found["list_reader_processes"]),
        whole=_route("all", rows, minutes) if rows else None,
    )


def _reader(kind: ReaderKind, share: Row | None, rows: Rows, minutes: int) -> ReaderView:
    by_source = _sums(rows, "source")
    times = _sums(rows, "up_to_us")
    return ReaderView(
        reader=kind,
        share=share["percent"] if share else 0.0,
        changed_at=share["changed_at"] if share else None,
        operator=share["operator"] if share else "",
        reason=share["reason"] if share else "",
        folder=by_source[Source.FOLDER],
        legacy=by_source[Source.LEGACY],
        database=by_source[Source.DATABASE],
        fell_back=_sums(rows, "fell_back")[True],
        p50_ms=quantile_ms(times, 0.5),
        p99_ms=quantile_ms(times, 0.99),
        per_minute=_per_minute(rows, minutes),
    )


def _route(route: str, rows: Rows, minutes: int) -> RouteView:
    statuses, times = _sums(rows, "status"), _sums(rows, "up_to_us")
    return RouteView(
        route=route,
        answers=statuses.total(),
        client_errors=sum(n for status, n in statuses.items() if _CLIENT_ERROR <= status < _SERVER_ERROR),
        server_errors=sum(n for status, n in statuses.items() if status >= _SERVER_ERROR),
        p50_ms=quantile_ms(times, 0.5),
        p99_ms=quantile_ms(times, 0.99),
        per_minute=_per_minute(rows, minutes),
        statuses=tuple(sorted(statuses.items())),
    )


def _by(rows: Iterable[Row], name: str) -> defaultdict[Any, Rows]:
    grouped: defaultdict[Any, Rows] = defaultdict(list)
    for row in rows:
        grouped[row[name]].append(row)
    return grouped


def _sums(rows: Rows, name: str) -> Counter[Any]:
    sums: Counter[Any] = Counter()
    for row in rows:
        sums[row[name]] += row["n"]
    return sums


def _per_minute(rows: Rows, minutes: int) -> tuple[int, ...]:
    counts = [0] * minutes
    for row in rows:
        if 0 <= row["minutes_ago"] < minutes:
            counts[minutes - 1 - row["minutes_ago"]] += row["n"]
    return tuple(counts)


def _processes(rows: Rows) -> tuple[ReaderProcessView, ...]:
    return tuple(ReaderProcessView(**row) for row in rows)
