"""All facts of one look at a store, side by side, and what follows from them at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from scidex_console.domain.batches import UNSETTLED, Batch, BatchState, NewFile, Operation, OperationState
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.paths import ArtifactPaths
from scidex_console.engine.verification.disk_facts import FileFact, StagingFact
from scidex_console.engine.verification.facts import BatchStanding, DatabaseFacts, MarkFact, Movement, RowFact
from scidex_console.engine.verification.repository_facts import OwnCommit, Place, RepositoryFacts


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
        moved = {uid for uid in before.keys() | now.keys() if _place(before.get(uid)) != _place(now.get(uid))}
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
    def stored(self) -> Mapping[str, tuple[Batch, NewFile]]:
        """The newest file that the journal says was stored and still is, by artifact."""
        found: dict[str, tuple[Batch, NewFile]] = {}
        for batch, operation, file in self.files_of(OperationState.DONE):
            found[operation.artifact_id] = (batch, file)
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
    def marks(self) -> Mapping[str, MarkFact]:
        """Rows marked unavailable, by artifact."""
        return {mark.artifact_id: mark for mark in self.database.marks}

    @cached_property
    def our_paths(self) -> Mapping[str, Batch]:
        """Paths that settled batches have added and that are to be there now."""
        states = (OperationState.DONE, OperationState.KEPT)
        return {file.path: batch for batch, _, file in self.files_of(*states) if batch.uid not in self.open}

    @cached_property
    def open_paths(self) -> frozenset[str]:
        """Paths of batches that are not settled."""
        batches = (batch for batch in self.database.batches if batch.uid in self.open)
        return frozenset(o.file.path for batch in batches for o in batch.operations if o.file)

    @cached_property
    def by_key(self) -> Mapping[tuple[str, str], tuple[OwnCommit, ...]]:
        """Commits of ours in both repositories, by operation and kind."""
        outer = self.repository.outer
        found: dict[tuple[str, str], tuple[OwnCommit, ...]] = {}
        for commit in (*self.repository.commits, *(outer.commits if outer else ())):
            key = (commit.trailers.op, str(commit.trailers.kind))
            found[key] = (*found.get(key, ()), commit)
        return found

    def files_of(self, *states: OperationState) -> Iterable[tuple[Batch, Operation, NewFile]]:
        """Operations with a file in the given states, oldest batch first."""
        for batch in self.database.batches:
            for operation in batch.operations:
                if operation.file is not None and operation.state in states:
                    yield batch, operation, operation.file


def _place(standing: BatchStanding | None) -> tuple[BatchState, int] | None:
    return None if standing is None else (standing.state, standing.pass_no)


def rolled_back(database: DatabaseFacts) -> list[Batch]:
    """Batches that were taken back and not redone."""
    return [batch for batch in database.batches if batch.state is BatchState.ROLLED_BACK]


def places_to_pin(database: DatabaseFacts, commits: Iterable[OwnCommit]) -> frozenset[Place]:
    """Where the paths of rolled-back batches must be the same: before the batch, and after its inverse."""
    undo = {c.trailers.op: c.id for c in commits if c.trailers.kind is CommitKind.UNDO}
    return frozenset(
        (commit, operation.file.path)
        for batch in rolled_back(database)
        if batch.undo_op in undo
        for operation in batch.operations
        if operation.file is not None and operation.state is OperationState.ROLLED_BACK
        for commit in (batch.base_commit, undo[batch.undo_op])
    )
