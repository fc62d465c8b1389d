"""Soaks for console tests, as a console would have read them."""

from __future__ import annotations

from dataclasses import replace

from scidex_console.domain.soak.clock import SpanKind
from scidex_console.domain.soak.judging import Standing
from scidex_console.domain.soak.ladder import Ladder, read_ladder
from scidex_console.domain.soak.records import Confirmation, Measurement
from scidex_console.engine.views import Overview
from tests.console.fakes import an_overview
from tests.domain.soak.samples import NOW, entry, record, signed, span


def _look(check: str, words: str, figure: float | None, *trend: float) -> Measurement:
    standing = Standing.UNMEASURED if figure is None else Standing.PASSING
    return Measurement(check, NOW, standing, figure, words, f"print of {check}", trend)


_LOOKS = (
    _look("existing", "0 of 11,667 artifacts have no folder yet", 0, 210, 110, 10, 0),
    _look("success", "9,102 of 9,128 artifacts with files are a success", 99.71, 99.6, 99.7, 99.71),
    _look("files", "11,667 files before, 33,147 now", 21_480, 19_000, 20_000, 21_480),
    _look("hashes", "8,611 verified, 26 flagged, 465 without a promise", 0, 0, 0, 0),
    _look("growth", "1.1 GiB at the start, 1.1 GiB after maintenance (+3.9 %)", 3.9, 3.9, 3.9),
    _look("latency", "no figure yet: the read service gives it once it runs", None),
    _look("cycles", "117 cycles, one each 30m; the largest had 100 artifacts", 100, 100, 100),
    _look("idempotent", "`scidex-console verify` was not run since the phase began", None),
    _look("coverage", "100 % of 11,667 artifacts have their folder", 100, 98, 99, 100),
)
LOOKS = {look.check_id: look for look in _LOOKS}
ENTRIES = (entry(0), entry(1, number=2), entry(2, number=3))
_SIGNED = replace(
    signed("latency"), fingerprint="print of latency", operator="anna", reason="p99 is 310 ms in grafana"
)
DONE = tuple(
    Confirmation(step, NOW, "anna", "local", "seen")
    for step in ("2-plan", "2-cycle", "2-rollback", "2-verify")
)


def running(**changes: object) -> Ladder:
    """Phase 2, nine hours held; two checks wait for a person, five steps are done or due."""
    held = (span(SpanKind.HELD, 17, 26),)
    whole = record(entries=ENTRIES, spans=held, measurements=LOOKS, signoffs=(_SIGNED,), confirmations=DONE)
    return read_ladder(replace(whole, **changes))  # type: ignore[arg-type]


def at_first_cycle() -> Ladder:
    """The step that is next steps one cycle."""
    return running(confirmations=DONE[:1])


def failed() -> Ladder:
    """The clock is stopped: two files are gone; and what was signed has changed."""
    lost = replace(
        LOOKS["files"], standing=Standing.FAILING, figure=-2.0, words="11,667 files before, 11,665 now"
    )
    late = replace(LOOKS["latency"], fingerprint="other")
    stopped = (span(SpanKind.HELD, 0, 25.2), span(SpanKind.FAILED, 25.2, 26, why=f"files: {lost.words}"))
    return running(measurements={**LOOKS, "files": lost, "latency": late}, spans=stopped)


def opened() -> Ladder:
    """The gate is open."""
    verified = replace(
        LOOKS["idempotent"], standing=Standing.PASSING, figure=0.0, words="all 16 invariants held"
    )
    held = (span(SpanKind.HELD, 1, 26),)
    return running(measurements={**LOOKS, "idempotent": verified}, spans=held)


def seen(ladder: Ladder | None = None) -> Overview:
    """An overview with a soak in it."""
    return an_overview(soak=ladder or running())
