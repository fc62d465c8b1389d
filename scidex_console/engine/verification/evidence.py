"""All facts of one look at a store, side by side, and what follows from them at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from scidex_console.domain.batches import (
    TAKEN_BACK,
    UNSETTLED,
    AdoptedFile,
    Batch,
    BatchState,
    NewFile,
    Operation,
    OperationState,
)
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.folders.hashes import HashSource
from scidex_console.domain.folders.layout import folder_of
from scidex_console.domain.folders.resolving import ResolvingRules
from scidex_console.domain.paths import ArtifactPaths
from scidex_console.domain.triage import Replacement
from scidex_console.engine.verification.disk_facts import FileFact, Presence, StagingFact
from scidex_console.engine.verification.facts import (
    BatchStanding,
    DatabaseFacts,
    MarkFact,
    Movement,
    Reach,
    RowFact,
)
from scidex_console.engine.verification.folder_view import FolderView, paths_of
from scidex_console.engine.verification.repository_facts import OwnCommit, Place, RepositoryFacts

_PROMISES = frozenset({"file_path", "metadata.file_path", "metadata.file_sha256"})
"""Fields by which a row says which file it has."""


@dataclass(frozen=True)
class Evidence:
    """What was seen: where batches stood, rows, git, disk, and where batches stood then, in this order."""

    earlier: Movement
    database: DatabaseFacts
    repository: RepositoryFacts
    files: Mapping[str, FileFact]
    """By path in the artifact repository: every path that a row or an operation names."""
    outside: Mapping[str, FileFact] | None
    """By path in the outer repository: what rows name there; None when no outer repository is known."""
    staging: StagingFact
    pins: Mapping[Place, str | None]
    """Objects at the places of `places_to_pin`."""
    pointers: Mapping[str, str]
    """sha256 that a blob of HEAD stands for as a Git LFS pointer, where the worktree has other bytes."""
    later: Movement
    paths: ArtifactPaths
    reach: Reach = field(default_factory=Reach)
    """What the batches are about that moved during the look."""
    below: Mapping[str, Collection[str]] = field(default_factory=dict)
    """What is on disk below artifacts' folders, by folder."""
    fsck: Sequence[str] = ()
    """What `git fsck --strict` has to say."""
    resolving: ResolvingRules | None = None
    """How rows name files, for those without a folder yet."""
    hash_sources: Sequence[HashSource] = tuple(HashSource)

    @cached_property
    def at_work(self) -> bool:
        """Whether something of ours was writing at any time of the look."""
        traces = self.repository.traces
        alive = self.earlier.alive or self.database.engine.alive or self.later.alive
        return alive or traces.engine is not None or traces.writer is not None

    @cached_property
    def moving(self) -> frozenset[str]:
        """Uids of batches that changed during the look, or that an engine has in hand."""
        before, now = self.earlier.standings, self.later.standings
        moved = moved_between(self.earlier, self.later)
        if self.at_work:
            moved |= {uid for some in (before, now) for uid, its in some.items() if its.state in UNSETTLED}
        return frozenset(moved)

    @cached_property
    def open(self) -> frozenset[str]:
        """Uids of batches that stand between the two stores: moving, or left so by a crash."""
        unsettled = {batch.uid for batch in self.database.batches if batch.state in UNSETTLED}
        return self.moving | unsettled

    @cached_property
    def unpublished(self) -> frozenset[str]:
        """Uids of batches whose pointer commit may exist without having been recorded yet."""
        looks = (self.earlier.standings, self.later.standings)
        return self.open | {uid for look in looks for uid, its in look.items() if not its.published}

    @cached_property
    def by_uid(self) -> Mapping[str, Batch]:
        """The journal's batches."""
        return {batch.uid: batch for batch in self.database.batches}

    @cached_property
    def recorded(self) -> frozenset[tuple[str, str]]:
        """Operation and kind of every recorded commit."""
        return frozenset((record.op, record.kind) for record in self.database.records)

    @cached_property
    def audited(self) -> frozenset[tuple[str, str]]:
        """Operation and action of every audit row about a batch."""
        return frozenset((audit.op, audit.action) for audit in self.database.audits)

    @cached_property
    def first_epoch(self) -> int | None:
        """The epoch from which on this journal was in use; None before its first batch."""
        database = self.database
        told = [audit.epoch for audit in database.audits if audit.epoch is not None]
        known = [*(b.epoch for b in database.batches), *(r.epoch for r in database.records), *told]
        return min(known, default=None)

    @cached_property
    def commits(self) -> Sequence[OwnCommit]:
        """Commits of this journal in the artifact repository, oldest first."""
        return [commit for commit in self.repository.commits if self._is_own(commit)]

    @cached_property
    def outer_commits(self) -> Sequence[OwnCommit]:
        """Commits of this journal in the outer repository, oldest first."""
        outer = self.repository.outer
        return [commit for commit in (outer.commits if outer else ()) if self._is_own(commit)]

    @cached_property
    def foreign_commits(self) -> Sequence[OwnCommit]:
        """Commits that bear our trailers and are of another journal: one that was there before, rightly."""
        outer = self.repository.outer
        found = (*self.repository.commits, *(outer.commits if outer else ()))
        return [commit for commit in found if not self._is_own(commit)]

    def _is_own(self, commit: OwnCommit) -> bool:
        """Whether a commit is this journal's.

        One that names no journal is from a time before journals had an identity: it is ours if we know its
        batch, or were in use by then, since epochs rise from journal to journal.
        """
        trailers = commit.trailers
        if trailers.journal:
            return trailers.journal == self.database.journal
        in_use = self.first_epoch is not None and trailers.epoch >= self.first_epoch
        return in_use or trailers.batch in self.by_uid

    @cached_property
    def added(self) -> Mapping[str, str]:
        """Blobs that commits of this journal have put there, by path, as the last of them left it."""
        return _left_by(commit for commit in self.commits if commit.trailers.batch not in self.open)

    @cached_property
    def halts(self) -> Mapping[int, Sequence[tuple[datetime, datetime | None]]]:
        """From when to when each run was halted; None: it still is."""
        found: dict[int, list[tuple[datetime, datetime | None]]] = {}
        for told in self.database.halts:
            spans = found.setdefault(told.run_id, [])
            lasting = bool(spans) and spans[-1][1] is None
            if told.halted and not lasting:
                spans.append((told.at, None))
            elif lasting and not told.halted:
                spans[-1] = (spans[-1][0], told.at)
        return found

    @cached_property
    def rows(self) -> Mapping[str, RowFact]:
        """Rows that name a file, by artifact."""
        return {row.artifact_id: row for row in self.database.rows}

    @cached_property
    def inside(self) -> Mapping[str, str]:
        """Path in the artifact repository that each row names, by artifact, where it names one."""
        named = ((row.artifact_id, self.paths.inside(row.file_path)) for row in self.database.rows)
        return {artifact_id: path for artifact_id, path in named if path is not None}

    @cached_property
    def claims(self) -> Mapping[str, tuple[str, ...]]:
        """Artifacts whose rows name a path of the artifact repository, by path."""
        found: dict[str, tuple[str, ...]] = {}
        for artifact_id, path in self.inside.items():
            found[path] = (*found.get(path, ()), artifact_id)
        return found

    @cached_property
    def stored(self) -> Mapping[str, tuple[Batch, NewFile | AdoptedFile]]:
        """The newest file that the journal says was stored or adopted, and still is, by artifact."""
        found: dict[str, tuple[Batch, NewFile | AdoptedFile]] = {}
        for batch in self.database.batches:
            for operation in batch.operations:
                file = operation.file or operation.adopted
                if file is not None and operation.state is OperationState.DONE:
                    found[operation.artifact_id] = (batch, file)
                elif operation.state is OperationState.DONE and _promises_anew(batch, operation):
                    found.pop(operation.artifact_id, None)
        return found

    @cached_property
    def newest_done(self) -> Mapping[str, Batch]:
        """The newest batch whose change of an artifact's row stands, by artifact."""
        return {
            operation.artifact_id: batch
            for batch in self.database.batches
            for operation in batch.operations
            if operation.state is OperationState.DONE
        }

    @cached_property
    def decided(self) -> Mapping[str, Sequence[Replacement]]:
        """What people's decisions have changed at each path, oldest first, whatever became of them."""
        found: dict[str, list[Replacement]] = {}
        for batch in self.database.batches:
            for operation in batch.operations:
                if operation.replacement is not None and operation.replacement.changes:
                    found.setdefault(operation.replacement.path, []).append(operation.replacement)
        return found

    @cached_property
    def marks(self) -> Mapping[str, MarkFact]:
        """Rows marked unavailable, by artifact."""
        return {mark.artifact_id: mark for mark in self.database.marks}

    @cached_property
    def our_paths(self) -> Mapping[str, Batch]:
        """Paths that settled batches have added and that are to be there now, as the journal says."""
        states = (OperationState.DONE, OperationState.KEPT)
        return {file.path: batch for batch, _, file in self.files_of(*states) if batch.uid not in self.open}

    @cached_property
    def folders(self) -> FolderView:
        """What rows and journal say of folders."""
        return FolderView(self.database, self.moving, self.reach, self.paths)

    @cached_property
    def links(self) -> Mapping[str, FileFact]:
        """Symbolic links on disk inside artifacts' folders, by path."""
        links = ((path, file) for path, file in self.files.items() if file.presence is Presence.LINK)
        return {path: file for path, file in links if folder_of(path) is not None}

    @cached_property
    def tracked_below(self) -> Mapping[str, Sequence[str]]:
        """What HEAD has below artifacts' folders, relative to them, by folder."""
        found: dict[str, list[str]] = {}
        for path in self.repository.tree:
            folder = folder_of(path)
            if folder is not None:
                found.setdefault(folder, []).append(path.removeprefix(f"{folder}/"))
        return found

    @cached_property
    def artifact_of(self) -> Mapping[str, str]:
        """Artifacts by their UUID."""
        rows = self.folders.rows.values()
        return {found.row.uuid: found.row.id for found in rows if found.row.uuid is not None}

    @cached_property
    def open_paths(self) -> frozenset[str]:
        """Paths of batches that are not settled."""
        batches = (batch for batch in self.database.batches if batch.uid in self.open)
        mine = (paths_of(operation) for batch in batches for operation in batch.operations)
        return self.reach.paths.union(*mine)

    @cached_property
    def by_key(self) -> Mapping[tuple[str, str], tuple[OwnCommit, ...]]:
        """Commits of this journal in both repositories, by operation and kind."""
        found: dict[tuple[str, str], tuple[OwnCommit, ...]] = {}
        for commit in (*self.commits, *self.outer_commits):
            key = (commit.trailers.op, str(commit.trailers.kind))
            found[key] = (*found.get(key, ()), commit)
        return found

    def base_of(self, batch: Batch, operation: Operation) -> str:
        """On which commit the pass was based that brought an operation on."""
        applied = self.by_key.get((f"{batch.uid}/{operation.pass_no}", str(CommitKind.APPLY)), ())
        return base_of(batch, operation, applied)

    @cached_property
    def touched_paths(self) -> frozenset[str]:
        """Paths of settled batches, and every path that a commit of any journal added, as git says."""
        ours = frozenset(self.our_paths) | self.folders.laid.keys()
        return (ours | _left_by(self.repository.commits).keys()) - self.open_paths

    def file_of(self, artifact_id: str) -> FileFact | None:
        """What is at the path that a row names; None when it names none, or one that nobody looked at."""
        path = self.inside.get(artifact_id)
        if path is not None:
            return self.files[path]
        row = self.rows.get(artifact_id)
        return self.outside.get(row.file_path) if row is not None and self.outside is not None else None

    def files_of(self, *states: OperationState) -> Iterable[tuple[Batch, Operation, NewFile]]:
        """Operations with a file in the given states, oldest batch first."""
        for batch in self.database.batches:
            for operation in batch.operations:
                if operation.file is not None and operation.state in states:
                    yield batch, operation, operation.file


def _promises_anew(batch: Batch, operation: Operation) -> bool:
    """Whether a person has decided that the row is to have another file than before, or another hash."""
    return batch.decision is not None and bool(_PROMISES.intersection(operation.row.inverse().fields))


def _left_by(commits: Iterable[OwnCommit]) -> dict[str, str]:
    """Blobs that commits have put there, by path, as the last of them left it."""
    added: dict[str, str] = {}
    for commit in commits:
        for path, delta in commit.changes.items():
            if delta.after is not None:
                added[path] = delta.after.object
            else:
                added.pop(path, None)
    return added


def moved_between(earlier: Movement, later: Movement) -> set[str]:
    """Uids of batches that do not stand where they stood."""
    before, now = earlier.standings, later.standings
    return {uid for uid in before.keys() | now.keys() if _place(before.get(uid)) != _place(now.get(uid))}


def _place(standing: BatchStanding | None) -> tuple[BatchState, int, int] | None:
    return None if standing is None else (standing.state, standing.pass_no, standing.undo_no)


def rolled_back(database: DatabaseFacts) -> list[Batch]:
    """Batches that were taken back, or a part of them, and not redone."""
    return [batch for batch in database.batches if batch.state in TAKEN_BACK]


def base_of(batch: Batch, operation: Operation, applied: Sequence[OwnCommit]) -> str:
    """On which commit the pass of a batch was based that brought an operation on; `applied` is its commit.

    The journal has that of the newest pass; that of an earlier one is the parent of the pass's own commit.
    """
    if operation.pass_no == batch.pass_no or not applied or not applied[0].parents:
        return batch.base_commit
    return applied[0].parents[0]


def places_to_pin(database: DatabaseFacts, commits: Iterable[OwnCommit]) -> frozenset[Place]:
    """Where the paths of rolled-back batches must be the same: before the batch, and after its inverse."""
    mine = [c for c in commits if c.trailers.journal in ("", database.journal)]
    applied = {c.trailers.op: (c,) for c in mine if c.trailers.kind is CommitKind.APPLY}
    undo = {c.trailers.op: c.id for c in mine if c.trailers.kind is CommitKind.UNDO}
    return frozenset(
        (commit, path)
        for batch in rolled_back(database)
        for operation in batch.operations
        if operation.state is OperationState.ROLLED_BACK and operation.undo_op in undo
        for path in paths_of(replace(operation, adopted=None))
        for commit in (
            base_of(batch, operation, applied.get(f"{batch.uid}/{operation.pass_no}", ())),
            undo[operation.undo_op],
        )
    )
