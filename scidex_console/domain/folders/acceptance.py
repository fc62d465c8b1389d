"""What the folder migration is accepted by, as measured. Pure: counts in, sentences out.

Spec (Phase 2, acceptance): every artifact migrated, success for at least 99 % of those with files, no file
lost, every hash verified or flagged, the repository grown by at most 5 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from scidex_console.domain.sizes import size

LEAST_SUCCESS_PERCENT = 99.0
MOST_GROWTH_PERCENT = 5.0
LEAST_JUDGED_BYTES = 64 * 2**20
"""A git directory that was smaller at the start is not judged by percent: manifests alone outweigh it."""


@dataclass(frozen=True)
class Measured:
    """Counts as they stand."""

    total: int
    """Artifacts."""
    migrated: int
    succeeded: int
    """Migrated artifacts that have files."""
    failed: int
    """Artifacts whose files could not be moved: mismatch, quarantine, error; not those taken back."""
    verified: int
    """Migrated artifacts whose file has the hash their row promises."""
    unpromised: int
    """Migrated artifacts with files whose row promises no hash."""
    flagged: int
    """Artifacts that wait with a hash mismatch."""
    files_before: int | None
    """Files in the repository before the first cycle; None before the first survey."""
    files_now: int
    bytes_before: int | None
    """Of the git directory."""
    bytes_now: int
    bytes_maintained: int | None
    """After the last maintenance; None before there was any."""
    orphans: int
    """Files that no row claims."""
    links: int
    dangling_links: int
    """Links to artifacts that have no folder yet."""
    surveyed_at: datetime | None
    files_decided: int = 0
    """Files that no row claimed and that people have decided to delete."""
    lost_links: int = 0
    """Links to artifacts whose rows were deleted since: their folders will never come."""
    to_lay_again: int = 0
    """Not migrated any more: a folder stands, and the figure was stored or marked since."""

    @property
    def growth_is_judged(self) -> bool:
        """Whether the store was large enough at the start for a percentage to say anything."""
        return self.bytes_before is not None and self.bytes_before >= LEAST_JUDGED_BYTES


@dataclass(frozen=True)
class Criterion:
    """One thing the migration is accepted by."""

    name: str
    detail: str
    """What was measured, in words."""
    holds: bool | None
    """None: it cannot be said yet."""


@dataclass(frozen=True)
class Acceptance:
    """The counts, the shares made of them, and what they come to."""

    measured: Measured
    coverage_percent: float | None
    success_percent: float | None
    growth_percent: float | None
    growth_maintained_percent: float | None
    ends_in_s: float | None
    """Seconds to the end as it goes now; None when no run is at work, or too little is known."""
    criteria: tuple[Criterion, ...]


def laid_again(number: int) -> str:
    """So many of the gap, how they came to be there, and what an operator does about them."""
    return (
        f"{number:,} to be laid out again: their figure was stored or marked since; "
        f"a run of folders does it (where none is open: `scidex-console start folders`)"
    )


def assess(measured: Measured, *, ends_in_s: float | None) -> Acceptance:
    """Hold what was measured against what the specification asks for."""
    before = measured.bytes_before
    growth = _growth(before, measured.bytes_now) if measured.bytes_now != before else None
    maintained = _growth(before, measured.bytes_maintained)
    success = _percent(measured.succeeded, measured.succeeded + measured.failed)
    return Acceptance(
        measured=measured,
        coverage_percent=_percent(measured.migrated, measured.total),
        success_percent=success,
        growth_percent=growth,
        growth_maintained_percent=maintained,
        ends_in_s=ends_in_s,
        criteria=(
            _coverage(measured),
            _success(measured, success),
            _files(measured),
            _hashes(measured),
            _size(measured, growth, maintained),
            _links(measured),
            Criterion("orphan files", _orphans(measured.orphans), None),
        ),
    )


def _coverage(measured: Measured) -> Criterion:
    detail = f"{measured.migrated:,} of {measured.total:,} artifacts have their folder"
    share = _percent(measured.migrated, measured.total)
    if share is not None:
        detail += f" ({share:g} %)"
    if measured.to_lay_again:
        detail += f", {laid_again(measured.to_lay_again)}"
    return Criterion("coverage", detail, True if measured.migrated == measured.total else None)


def _success(measured: Measured, share: float | None) -> Criterion:
    if share is None:
        return Criterion("success", "no artifact with files was tried yet", None)
    tried = measured.succeeded + measured.failed
    detail = f"{measured.succeeded:,} of {tried:,} artifacts with files ({share:g} %; at least 99 %)"
    return Criterion("success", detail, share >= LEAST_SUCCESS_PERCENT)


def _files(measured: Measured) -> Criterion:
    if measured.files_before is None:
        return Criterion("files", "not counted yet: a run begins with that", None)
    detail = f"{measured.files_before:,} before, {measured.files_now:,} now"
    if measured.files_decided:
        detail += f", {measured.files_decided:,} deleted by decision"
    return Criterion("files", detail, measured.files_now + measured.files_decided >= measured.files_before)


def _hashes(measured: Measured) -> Criterion:
    detail = (
        f"{measured.verified:,} verified, {measured.flagged:,} flagged, "
        f"{measured.unpromised:,} moved whose row promises none"
    )
    unsure = measured.succeeded - measured.verified - measured.unpromised
    if unsure > 0:
        detail += f", {unsure:,} whose row promises another one now"
    return Criterion("hashes", detail, unsure <= 0 if measured.succeeded + measured.flagged else None)


def _size(measured: Measured, growth: float | None, maintained: float | None) -> Criterion:
    """In bytes too: in a small store a few manifests are many times what was there, so it is not judged."""
    before, after = measured.bytes_before, measured.bytes_maintained
    if before is None:
        return Criterion("growth", "not measured yet: a run begins with that", None)
    parts = [f"{size(before)} at the start"]
    judged = measured.growth_is_judged
    bound = "; at most 5 %" if judged else ""
    others = "" if growth is None and after is None else "; what others added meanwhile (figures) is in it"
    if not judged:
        others += f"; not judged: the store had only {size(before)}"
    if growth is not None and measured.bytes_now != after:
        parts.append(f"{size(measured.bytes_now)} before maintenance ({growth:+g} %)")
    if after is not None and maintained is not None:
        parts.append(f"{size(after)} after maintenance ({maintained:+g} %{bound})")
        holds = maintained <= MOST_GROWTH_PERCENT if judged else None
        return Criterion("growth", f"{', '.join(parts)}{others}", holds)
    if growth is None:
        parts.append("not measured again yet")
    ending = "; `scidex-console maintain` must bring it to at most 5 %" if judged else ""
    return Criterion("growth", f"{', '.join(parts)}{others}{ending}", None)


def _links(measured: Measured) -> Criterion:
    detail = (
        f"{measured.links:,} in the folders, {measured.dangling_links:,} lead to artifacts not migrated yet"
    )
    if measured.lost_links:
        detail += f", {measured.lost_links:,} to artifacts whose rows were deleted"
    complete = measured.migrated == measured.total
    return Criterion("links", detail, not measured.dangling_links if complete else None)


def _orphans(number: int) -> str:
    listed = "; `scidex-console plan folders --orphans` lists them" if number else ""
    return f"{number:,} files no row claims; left alone{listed}"


def _growth(before: int | None, now: int | None) -> float | None:
    """Rounded up, so that what is above a bound is seen to be."""
    return None if not before or now is None else -((before - now) * 10_000 // before) / 100


def _percent(part: int, whole: int) -> float | None:
    """Rounded down, so that only all of it is 100 %."""
    return math.floor(part * 10_000 / whole) / 100 if whole else None


def projected_s(
    due: int, *, cycle: int, every: timedelta, first_in_s: float, rate_per_min: float | None
) -> float | None:
    """Seconds until so many artifacts are migrated, a cycle's worth each `every`; None when it is not known.

    `first_in_s` is how long the next cycle still waits. Without a wait between cycles the measured rate
    counts.
    """
    if due <= 0:
        return 0.0
    if every:
        return max(first_in_s, 0.0) + (math.ceil(due / cycle) - 1) * every.total_seconds()
    return due / rate_per_min * 60 if rate_per_min else None
