"""Readers half-way switched, and a service at work: what consoles and commands show of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.engine.reading.views import (
    ReaderProcessView,
    ReadersView,
    ReaderView,
    RouteView,
    ServiceView,
)

NOW = datetime(2026, 5, 19, 20, 30, tzinfo=UTC)
_REST = tuple((7 * minute) % 23 for minute in range(60))


def _reader(kind: ReaderKind, share: float, folder: int, legacy: int, fell_back: int = 0) -> ReaderView:
    reads = folder + legacy
    return ReaderView(
        kind,
        share,
        changed_at=NOW - timedelta(hours=2) if share else None,
        operator="anna" if share else "",
        reason="first step" if share else "",
        folder=folder,
        legacy=legacy,
        database=reads // 50,
        fell_back=fell_back,
        p50_ms=2.4 if reads else None,
        p99_ms=41.0 if reads else None,
        per_minute=_REST if reads else (0,) * 60,
    )


PROCESSES = (
    ReaderProcessView("service", "scidex_web", True, True, "0.1.0", NOW - timedelta(hours=9), NOW),
    ReaderProcessView("library", "scidex_app", False, True, "0.1.0", NOW - timedelta(hours=1), NOW),
)
READERS = ReadersView(
    NOW,
    60,
    (
        _reader(ReaderKind.RESOLVE, 100, 41_210, 17),
        _reader(ReaderKind.API, 100, 9_120, 0),
        _reader(ReaderKind.NOTEBOOK, 25, 811, 2_433, 12),
        _reader(ReaderKind.FIGURE, 5, 500, 9_500, 44),
        *(_reader(kind, 0, 0, 10) for kind in (ReaderKind.DATASET, ReaderKind.LINKS)),
        *(_reader(kind, 0, 0, 0) for kind in (ReaderKind.EMBED, ReaderKind.SEARCH)),
    ),
    PROCESSES,
)


def _route(route: str, answers: int, bad: int, worse: int, p50: float, p99: float) -> RouteView:
    statuses = ((200, answers - bad - worse), (404, bad), (500, worse))
    return RouteView(route, answers, bad, worse, p50, p99, _REST, statuses)


SERVICE = ServiceView(
    NOW,
    60,
    (
        _route("page", 52_000, 31, 0, 6.1, 88.0),
        _route("file", 31_950, 4, 0, 1.2, 12.5),
        _route("api_manifest", 1_204, 0, 2, 2.0, 640.0),
    ),
    PROCESSES,
    _route("all", 85_154, 35, 2, 4.0, 79.0),
)
