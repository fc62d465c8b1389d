"""Looks at a store in the order that makes the look sound, and judges what was seen.

Rows first, in one snapshot; then git, as of one commit; then the disk; before and after, briefly, where the
batches stand. Each step of a batch makes things there before anything says so, and takes them away after
nothing says so any more. So what the older snapshot names must still be there later, unless a batch moved
meanwhile, which the two brief looks tell.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from scidex_console.domain.batches import OperationState
from scidex_console.domain.folders.hashes import HashSource
from scidex_console.domain.folders.layout import folder_of
from scidex_console.domain.folders.resolving import ResolvingRules
from scidex_console.domain.folders.tree import SYMLINK
from scidex_console.domain.paths import ArtifactPaths, is_safe
from scidex_console.engine.verification import authority, checkout, folders, history, journal, rows
from scidex_console.engine.verification.disk_facts import DiskSource, Presence
from scidex_console.engine.verification.evidence import Evidence, moved_between, places_to_pin
from scidex_console.engine.verification.facts import DatabaseFacts, DatabaseSource, Reach
from scidex_console.engine.verification.findings import InvariantResult, StoreReport
from scidex_console.engine.verification.folder_view import FolderView
from scidex_console.engine.verification.repository_facts import (
    RepositoryFacts,
    RepositoryQuestion,
    RepositorySource,
)

INVARIANTS: tuple[Callable[[Evidence], InvariantResult], ...] = (
    rows.every_row_opens,
    folders.migrated_rows_are_whole,
    history.nothing_reachable_is_lost,
    history.objects_are_sound,
    checkout.three_places_agree,
    journal.one_commit_per_key,
    journal.trailers_match_records,
    journal.journal_is_closed,
    history.nothing_shrinks,
    checkout.nothing_lies_about,
    journal.commits_keep_to_their_paths,
    checkout.rollbacks_are_whole,
    history.outer_follows,
    authority.writes_were_allowed,
    rows.marks_are_proven,
    journal.counters_are_true,
)
"""Every invariant in the order of its number; the counters, which have none, at the end."""

_AWAITING_FSCK = frozenset({history.objects_are_sound})
WITHOUT_HISTORY = frozenset({"I4", "I15", "counters"})
"""Those that can be judged though git's history cannot be read."""


@dataclass(frozen=True)
class Sources:
    """What is asked, and what the configuration says of names and hashes."""

    database: DatabaseSource
    repository: RepositorySource
    disk: DiskSource
    paths: ArtifactPaths
    resolving: ResolvingRules | None = None
    hash_sources: Sequence[HashSource] = tuple(HashSource)


async def verify(
    database: DatabaseSource,
    repository: RepositorySource,
    disk: DiskSource,
    paths: ArtifactPaths,
    *,
    resolving: ResolvingRules | None = None,
    hash_sources: Sequence[HashSource] = tuple(HashSource),
) -> StoreReport:
    """Check every invariant. Changes nothing, takes no lock; raises what the sources raise.

    What seems broken while the branch moved (somebody else's commit falls between two looks) is looked at
    once more.
    """
    began = time.monotonic()
    sources = Sources(database, repository, disk, paths, resolving, hash_sources)
    report, moved = await _look(sources)
    if moved and not report.holds:
        report, _ = await _look(sources)
        report = replace(report, looks=2)
    return replace(report, took_s=time.monotonic() - began)


async def _look(sources: Sources) -> tuple[StoreReport, bool]:
    """One look, and whether the branch moved during it. `git fsck` takes longest and runs beside the rest."""
    before = await asyncio.to_thread(sources.repository.head)
    checking = asyncio.create_task(asyncio.to_thread(sources.repository.fsck))
    try:
        evidence = await _gather(sources)
        results = _judged(evidence)
    finally:
        await asyncio.wait([checking])
    fsck = checking.result()
    if evidence.repository.unreadable is not None and not fsck:
        raise evidence.repository.unreadable
    after = await asyncio.to_thread(sources.repository.head)
    return _report(replace(evidence, fsck=fsck), results), before != after


async def _gather(sources: Sources) -> Evidence:
    database, repository, disk = sources.database, sources.repository, sources.disk
    earlier = await database.movement()
    snapshot = await database.facts()
    git = await asyncio.to_thread(repository.facts, _question(snapshot))
    view = FolderView(snapshot, frozenset(), Reach(), sources.paths)
    inside, outside = _paths_to_read(view)
    inside |= {path for commit in git.commits for path in commit.changes}
    inside |= {p for p, entry in git.tree.items() if entry.mode == SYMLINK and folder_of(p) is None}
    below = await asyncio.to_thread(disk.below, _folders(view, git))
    inside |= {f"{folder}/{name}" for folder, names in below.items() for name in names}
    files = await asyncio.to_thread(disk.artifacts, inside)
    elsewhere = await asyncio.to_thread(disk.outside, outside)
    staging = await asyncio.to_thread(disk.staging)
    pins = await asyncio.to_thread(repository.objects_at, places_to_pin(snapshot, git.commits))
    differing = {
        entry.object
        for path, file in files.items()
        if (entry := git.tree.get(path)) and file.presence is Presence.FILE and file.blob != entry.object
    }
    pointers = await asyncio.to_thread(repository.pointers, differing)
    later = await database.movement()
    return Evidence(
        earlier,
        snapshot,
        git,
        files,
        elsewhere,
        staging,
        pins,
        pointers,
        later,
        sources.paths,
        await database.reach(moved_between(earlier, later)),
        below,
        resolving=sources.resolving,
        hash_sources=sources.hash_sources,
    )


def _judged(evidence: Evidence) -> list[InvariantResult | None]:
    """Every invariant but those that wait for `git fsck`."""
    return [invariant(evidence) if invariant not in _AWAITING_FSCK else None for invariant in INVARIANTS]


def _report(evidence: Evidence, judged: Sequence[InvariantResult | None]) -> StoreReport:
    """Every invariant over one look."""
    results: Iterable[InvariantResult] = (
        invariant(evidence) if result is None else result
        for invariant, result in zip(INVARIANTS, judged, strict=True)
    )
    if (why := evidence.repository.unreadable) is not None:
        results = (
            result if result.name in WITHOUT_HISTORY else _unknown(result, str(why)) for result in results
        )
    return StoreReport(
        tuple(results),
        taken_at=evidence.database.taken_at,
        head=evidence.repository.head,
        engine_at_work=evidence.at_work,
    )


def _unknown(result: InvariantResult, why: str) -> InvariantResult:
    """Nothing can be said while the repository is damaged, which I4 tells."""
    note = f"cannot be checked: {why}"
    return replace(result, holds=None, checked=0, broken=(), counted={}, note=note)


def _question(database: DatabaseFacts) -> RepositoryQuestion:
    blobs = {
        operation.file.blob: f"{operation.file.path} of batch {batch.id}"
        for batch in database.batches
        for operation in batch.operations
        if operation.file is not None and operation.file.blob
    }
    return RepositoryQuestion(
        [batch.base_commit for batch in database.batches], blobs, frozenset(b.uid for b in database.batches)
    )


def _paths_to_read(view: FolderView) -> tuple[set[str], set[str]]:
    """Paths that rows and operations name: in the artifact repository, and elsewhere below the outer one."""
    operations = (operation for batch in view.database.batches for operation in batch.operations)
    inside = {file.path for o in operations if (file := o.file or o.adopted) is not None}
    inside.update(view.to_read())
    decided = (o.replacement for batch in view.database.batches for o in batch.operations)
    inside.update(replacement.path for replacement in decided if replacement is not None)
    outside: set[str] = set()
    for row in view.database.rows:
        path = view.paths.inside(row.file_path)
        if path is not None:
            inside.add(path)
        elif is_safe(row.file_path):
            outside.add(row.file_path)
    return inside, outside


def _folders(view: FolderView, git: RepositoryFacts) -> set[str]:
    """Artifacts' folders that rows, operations and HEAD name."""
    named = [*git.tree, *(f"{folder}/" for folder in view.folders)]
    laid = [e.path for _, operation in view.operations(*OperationState) for e in operation.entries]
    return {folder for path in (*named, *laid) if (folder := folder_of(path)) is not None}
