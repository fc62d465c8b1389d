"""Records of soaks, as short as a test can read them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from scidex_console.domain.soak.clock import Span, SpanKind
from scidex_console.domain.soak.judging import Standing
from scidex_console.domain.soak.records import Entry, Measurement, SignOff, SoakRecord, SoakRules

NOW = datetime(2026, 5, 20, 3, 0, tzinfo=UTC)
DAY_S = 86_400.0


def at(hours: float) -> datetime:
    """So many hours after the phase began."""
    return NOW - timedelta(hours=26) + timedelta(hours=hours)


def span(
    kind: SpanKind, began: float, until: float, *, why: str = "", counted_h: float | None = None
) -> Span:
    """A span between two hours; all of it counts unless told otherwise."""
    counted = (until - began) if counted_h is None else counted_h
    return Span(kind, at(began), at(until), counted * 3600, why)


def entry(phase: int, *, number: int = 1, overridden: bool = False, needed_s: float = DAY_S) -> Entry:
    """A phase that was begun."""
    return Entry(number, phase, at(0), needed_s, "ana", "ssh 10.0.0.5", "deployed", overridden)


def looks(**standings: Standing) -> Mapping[str, Measurement]:
    """The last look at each check; the fingerprint names the standing."""
    return {
        name: Measurement(name, NOW, standing, 0.0, f"{name} was looked at", f"print of {standing}")
        for name, standing in standings.items()
    }


PHASE_1 = looks(
    newcomers=Standing.PASSING,
    old_reads=Standing.PERSON,
    warnings=Standing.PERSON,
    commit_failures=Standing.PASSING,
)
HELD = (span(SpanKind.HELD, 1, 26),)


def signed(check_id: str, of: Standing = Standing.PERSON) -> SignOff:
    """A person's word about the evidence as `looks` has it."""
    return SignOff(1, check_id, f"print of {of}", NOW, "ben", "local", "seen in the logs")


def record(**changes: object) -> SoakRecord:
    """Phase 1, a day and more of it held, both of its person's checks signed."""
    whole = SoakRecord(
        now=NOW,
        rules=SoakRules(enforced=True),
        entries=(entry(0), entry(1, number=2)),
        spans=HELD,
        measurements=PHASE_1,
        signoffs=(signed("old_reads"), signed("warnings")),
    )
    return replace(whole, **changes)  # type: ignore[arg-type]
