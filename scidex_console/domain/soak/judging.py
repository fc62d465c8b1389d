"""Facts in, a reading per check out: its figure, its words, and whether it is met."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from scidex_console.domain.durations import format_duration
from scidex_console.domain.folders.acceptance import LEAST_SUCCESS_PERCENT, MOST_GROWTH_PERCENT
from scidex_console.domain.soak.checks import (
    COVERAGE_DAYS,
    CYCLE,
    LEAST_COVERAGE_PERCENT,
    NEW_COLUMNS,
    NEW_INDEXES,
    Check,
    checks_of,
)
from scidex_console.domain.soak.facts import EventSource, Facts, RowsWithout
from scidex_console.domain.soak.judging_readers import READERS_MEASURED
from scidex_console.domain.soak.poisson import same_rate_p
from scidex_console.domain.soak.standing import SIGNABLE as SIGNABLE
from scidex_console.domain.soak.standing import Reading as Reading
from scidex_console.domain.soak.standing import Standing as Standing
from scidex_console.domain.tokens import plan_token

ALPHA = 0.001
"""A change of rate is called one below this p-value. It is looked at each minute of a day, so the usual 0.05
would call one sooner or later though nothing has changed."""


def fingerprint(check: Check, entry_id: int, reading: Reading) -> str:
    """Names the evidence of a check as it stands: another one, and what was signed is not what is there."""
    return plan_token([check.id, entry_id, reading.standing, dict(reading.subject)])


def judge(phase: int, facts: Facts, *, alpha: float = ALPHA) -> Mapping[str, Reading]:
    """A reading for every check of a phase."""
    return {check.id: _judge(check, facts, alpha) for check in checks_of(phase)}


def _judge(check: Check, facts: Facts, alpha: float) -> Reading:
    if check.id == "commit_failures":
        return _events(facts, alpha)
    if judged := _MEASURED.get(check.id):
        return judged(facts)
    if told := READERS_MEASURED.get(check.id):
        found = told(facts)
        seen = {**found.subject, **_seen(check, facts)}
        return replace(found, subject=seen) if found.standing in SIGNABLE else found
    return Reading(Standing.PERSON, f"a person has to look: {check.how}", subject=_seen(check, facts))


def _seen(check: Check, facts: Facts) -> Mapping[str, Any]:
    """What a person's sign-off stands on."""
    if check.id == "queries" and facts.shape is not None:
        return {"schema": facts.shape.version, "columns": facts.shape.columns}
    if check.id == "latency" and facts.existing is not None:
        return {"without_folder": facts.existing.without}
    return {}


def _missing(what: str) -> Reading:
    return Reading(Standing.UNMEASURED, f"not measured yet: {what}")


def _met(holds: bool) -> Standing:
    return Standing.PASSING if holds else Standing.FAILING


# --- phase 0 ------------------------------------------------------------------------------------------------


def _applied(facts: Facts) -> Reading:
    shape = facts.shape
    if shape is None:
        return _missing("the catalogue was not asked")
    parts = shape.indexes + shape.has_log
    words = (
        f"{shape.indexes} of {NEW_INDEXES} indexes are valid, the migration log is {_there(shape.has_log)}"
    )
    return Reading(_met(parts == NEW_INDEXES + 1), words, float(parts))


def _columns(facts: Facts) -> Reading:
    if facts.shape is None:
        return _missing("the catalogue was not asked")
    count = facts.shape.columns
    words = f"{count} of {NEW_COLUMNS} new columns are there"
    return Reading(_met(count == NEW_COLUMNS), words, float(count))


def _there(is_there: bool) -> str:
    return "there" if is_there else "missing"


# --- phase 1 ------------------------------------------------------------------------------------------------


def _newcomers(facts: Facts) -> Reading:
    rows = facts.newcomers
    if rows is None or not rows.total:
        words = "no artifact was created since the phase began: nothing shows it yet"
        return Reading(Standing.UNMEASURED, words, subject={"created": 0})
    words = f"{rows.without:,} of {rows.total:,} artifacts created since have no migrated_to_folder_at"
    return Reading(_met(not rows.without), words, float(rows.without))


def _events(facts: Facts, alpha: float) -> Reading:
    """Spec: "monitor `artifact_commit_failed` events; no rate change"."""
    if facts.events_trouble:
        return Reading(Standing.UNMEASURED, f"a source of events gives no answer: {facts.events_trouble}")
    live = [source for source in facts.events if source.is_live]
    if short := [source for source in live if source.before.seconds < facts.least_before_s]:
        known_s = format_duration(short[0].before.seconds)
        why = f"of the time before, only {known_s} is on record ({short[0].name}): too little to compare with"
        return Reading(Standing.UNMEASURED, why, subject={"events": {s.name: s.during.events for s in live}})
    compared = [(source, same_rate_p(source.before, source.during)) for source in live]
    known = [(source, p) for source, p in compared if p is not None]
    words = "; ".join(_rates(source, p) for source, p in known)
    during = sum(source.during.events for source, _ in known)
    subject = {"events": {source.name: source.during.events for source, _ in known}}
    figure = sum(source.during.per_day or 0.0 for source, _ in known)
    changed = [source for source, p in known if p < alpha]
    if not known:
        why = "no commit was tried by this engine in the soak, and soak.events_query names no other source"
        return Reading(Standing.UNMEASURED, why, subject={"events": {}})
    if any((s.during.per_day or 0.0) > (s.before.per_day or 0.0) for s in changed):
        return Reading(Standing.FAILING, f"the rate has risen: {words}", figure)
    if changed:
        why = f"the rate has fallen; a person has to see that events are still told: {words}"
        return Reading(Standing.PERSON, why, figure, subject)
    return Reading(Standing.PASSING, f"{words}; {during:,} during", figure)


def _rates(source: EventSource, p: float) -> str:
    before, during = source.before, source.during
    return (
        f"{source.name}: {before.events:,} in {format_duration(before.seconds)} before, "
        f"{during.events:,} in {format_duration(during.seconds)} since (p = {p:.3g})"
    )


# --- phase 2 ------------------------------------------------------------------------------------------------


def _existing(facts: Facts) -> Reading:
    rows = facts.existing
    if rows is None:
        return _missing("artifacts were not counted")
    words = f"{rows.without:,} of {rows.total:,} artifacts have no folder yet"
    return Reading(_in_time(rows, facts, met=not rows.without), words + _deadline(facts), float(rows.without))


def _coverage(facts: Facts) -> Reading:
    rows = facts.existing
    if rows is None or not rows.total:
        return _missing(
            "there was no artifact when the phase began" if rows else "artifacts were not counted"
        )
    # Rounded down, so that only 99 of 100 are 99 %.
    share = (rows.total - rows.without) * 10_000 // rows.total / 100
    words = f"{share:g} % of {rows.total:,} artifacts have their folder"
    standing = _in_time(rows, facts, met=share >= LEAST_COVERAGE_PERCENT)
    return Reading(standing, words + _deadline(facts), share)


def _in_time(rows: RowsWithout, facts: Facts, *, met: bool) -> Standing:
    """Met before the deadline, still to be met, or too late. What was met in time stays met."""
    deadline = facts.begun_at + timedelta(days=COVERAGE_DAYS)
    if met:
        in_time = facts.now <= deadline or (rows.last_at is not None and rows.last_at <= deadline)
        return _met(in_time)
    return Standing.PENDING if facts.now <= deadline else Standing.FAILING


def _deadline(facts: Facts) -> str:
    deadline = facts.begun_at + timedelta(days=COVERAGE_DAYS)
    left = (deadline - facts.now).total_seconds()
    return f"; {format_duration(left)} of 7 days left" if left > 0 else "; the 7 days are over"


def _success(facts: Facts) -> Reading:
    found = facts.acceptance
    if found is None or found.success_percent is None:
        return Reading(Standing.PENDING, "no artifact with files was tried yet")
    m = found.measured
    words = f"{m.succeeded:,} of {m.succeeded + m.failed:,} artifacts with files are a success"
    return Reading(_met(found.success_percent >= LEAST_SUCCESS_PERCENT), words, found.success_percent)


def _files(facts: Facts) -> Reading:
    found = facts.acceptance
    if found is None or found.measured.files_before is None:
        return Reading(Standing.PENDING, "not counted yet: a run begins with that")
    before, now = found.measured.files_before, found.measured.files_now
    decided = found.measured.files_decided
    words = f"{before:,} files before, {now:,} now"
    words += f", {decided:,} deleted by decision" if decided else ""
    return Reading(_met(now + decided >= before), words, float(now + decided - before))


def _hashes(facts: Facts) -> Reading:
    found = facts.acceptance
    if found is None or not found.measured.succeeded + found.measured.flagged:
        return Reading(Standing.PENDING, "no artifact with files was moved or flagged yet")
    m = found.measured
    unsure = max(m.succeeded - m.verified - m.unpromised, 0)
    words = f"{m.verified:,} verified, {m.flagged:,} flagged, {m.unpromised:,} without a promise"
    words += f", {unsure:,} with another hash than promised" if unsure else ""
    return Reading(_met(not unsure), words, float(unsure))


def _growth(facts: Facts) -> Reading:
    found = facts.acceptance
    if found is None or found.measured.bytes_before is None:
        return Reading(Standing.PENDING, "not measured yet: a run begins with that")
    m, share = found.measured, found.growth_maintained_percent
    detail = next(criterion.detail for criterion in found.criteria if criterion.name == "growth")
    if share is None:
        return Reading(Standing.PENDING, detail, found.growth_percent)
    if not m.growth_is_judged:
        subject = {"before": m.bytes_before, "maintained": m.bytes_maintained}
        return Reading(Standing.UNMEASURED, detail, share, subject)
    return Reading(_met(share <= MOST_GROWTH_PERCENT), detail, share)


def _cycles(facts: Facts) -> Reading:
    found = facts.cycles
    if found is None or not found.cycles:
        return Reading(Standing.PENDING, "no cycle since the phase began")
    every = f", one each {format_duration(found.usual_gap_s)}" if found.usual_gap_s is not None else ""
    words = f"{found.cycles:,} cycles{every}; the largest had {found.largest:,} artifacts"
    return Reading(_met(found.largest <= CYCLE), words, float(found.largest))


def _idempotent(facts: Facts) -> Reading:
    found = facts.verified
    if found is None or found.at < facts.begun_at:
        return Reading(Standing.UNMEASURED, "`scidex-console verify` was not run since the phase began")
    if found.broken:
        broken = ", ".join(found.broken)
        return Reading(
            Standing.FAILING, f"broken at {found.at:%Y-%m-%d %H:%M} UTC: {broken}", len(found.broken)
        )
    words = f"all {found.checked} invariants that apply held at {found.at:%Y-%m-%d %H:%M} UTC"
    return Reading(Standing.PASSING, words, 0.0)


# --- phase 5 ------------------------------------------------------------------------------------------------

_SHOWN = 3


def _listing(facts: Facts) -> Reading:
    if facts.strays is None:
        return _missing("the repository was not looked at")
    named = ", ".join(facts.strays[:_SHOWN]) + (" …" if len(facts.strays) > _SHOWN else "")
    words = f"{len(facts.strays):,} entries are no artifact's folder" + (f": {named}" if named else "")
    return Reading(_met(not facts.strays), words, float(len(facts.strays)))


def _vacuumed(facts: Facts) -> Reading:
    at = facts.vacuumed_at
    if at is None or at < facts.begun_at:
        said = f"last at {at:%Y-%m-%d %H:%M} UTC" if at else "never, as far as the statistics tell"
        return Reading(Standing.PENDING, f"not since the phase began: {said} (`cleanup run`)")
    return Reading(Standing.PASSING, f"every table of SciDEX's at {at:%Y-%m-%d %H:%M} UTC or since")


_MEASURED: Mapping[str, Callable[[Facts], Reading]] = {
    "applied": _applied,
    "columns": _columns,
    "newcomers": _newcomers,
    "existing": _existing,
    "success": _success,
    "files": _files,
    "hashes": _hashes,
    "growth": _growth,
    "cycles": _cycles,
    "idempotent": _idempotent,
    "coverage": _coverage,
    "listing": _listing,
    "vacuumed": _vacuumed,
    "nothing_lost": _files,
}
