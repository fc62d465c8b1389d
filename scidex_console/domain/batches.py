"""Batches: what changes git and the database together, and can be taken back together.

A batch holds operations, one per artifact. Each operation has the files it adds or removes and the row's
image before and after. The journal keeps both images, so that the inverse is the same data read backwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from scidex_console.domain.folders.entries import FolderEntry
from scidex_console.domain.jobs import JobName
from scidex_console.domain.orphans import NewRow, is_orphan
from scidex_console.domain.triage import Replacement


class BatchState(StrEnum):
    """Where a batch stands between the two stores (see the order of steps in docs/two-stores.md)."""

    PREPARED = "prepared"
    """Journalled; git may or may not have its commit yet."""
    DONE = "done"
    """Both stores have it; staging and old paths may still have to go."""
    CLEANED = "cleaned"
    """Nothing is left to do."""
    ROLLING_BACK = "rolling_back"
    """Being taken back; every step is repeatable."""
    ROLLED_BACK = "rolled_back"
    """Taken back in both stores; can be redone."""
    PARTLY_ROLLED_BACK = "partly_rolled_back"
    """Some of it is taken back, some was kept: a rollback can be resumed, a redo brings on the former."""
    EMPTY = "empty"
    """Every operation was skipped or in conflict: neither store holds anything of it."""


ABSENT = object()
"""Stands for a metadata key that is not there, which is not the same as one that is null."""

TAKEN_BACK = frozenset({BatchState.ROLLED_BACK, BatchState.PARTLY_ROLLED_BACK})
"""What a redo brings on again."""
STANDING = frozenset({BatchState.DONE, BatchState.CLEANED})
"""Both stores have all of it, but for what was left out; what an earlier rollback kept is in it, too."""
REVERSIBLE = STANDING | {BatchState.PARTLY_ROLLED_BACK}
"""What a rollback can be asked for."""
UNSETTLED = frozenset({BatchState.PREPARED, BatchState.DONE, BatchState.ROLLING_BACK})


@dataclass(frozen=True)
class Skip:
    """Why an operation is left out of its batch."""

    reason: str
    again: bool
    """True: try again from the start; False: a person must look first."""


class OperationState(StrEnum):
    """Where one artifact's change stands."""

    PREPARED = "prepared"
    DONE = "done"
    SKIPPED = "skipped"
    """Not done: what was on disk or in the row was not what was expected. The reason is on the row."""
    CONFLICT = "conflict"
    """Somebody else changed the row meanwhile: their edit wins, our files were taken back."""
    ROLLED_BACK = "rolled_back"
    KEPT = "kept"
    """A rollback left it in place, since its row or a path was in the way; the reason is on the row."""


REVERTIBLE = frozenset({OperationState.DONE, OperationState.KEPT})
"""What a rollback begins with: what stands, and what an earlier one had to keep."""


@dataclass(frozen=True)
class RowChange:
    """The fields of one `artifacts` row that change, before and after.

    A field is a column name, or `metadata.<key>` for a key of the metadata document. `before` and `after`
    hold a value per field; an absent metadata key is absent from the mapping (which differs from null).

    A field whose value is the same before and after does not change; it is a guard: the change is made only
    while the field still has that value.
    """

    fields: tuple[str, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def inverse(self, *, guarded: bool = False) -> RowChange:
        """The change that takes this one back: the changed fields only, so guards do not hinder it.

        `guarded` keeps the guards as well: nothing is taken back from a row that they no longer fit.
        """
        changed = tuple(
            f for f in self.fields if guarded or self.before.get(f, ABSENT) != self.after.get(f, ABSENT)
        )
        return RowChange(
            changed,
            before={f: self.after[f] for f in changed if f in self.after},
            after={f: self.before[f] for f in changed if f in self.before},
        )


@dataclass(frozen=True)
class NewFile:
    """A file that a batch adds: where, and what its bytes must be."""

    path: str
    """Relative to the artifact repository, with forward slashes."""
    sha256: str
    size: int
    staged: str
    """Name of the staged file, relative to the staging folder."""
    blob: str = ""
    """Git's object id, known once it is in the repository."""


@dataclass(frozen=True)
class AdoptedFile:
    """A file that was there before its batch, on disk or in git: the row gets it, and git gets nothing new.

    It is not the batch's own: a rollback puts the row back and leaves the file.
    """

    path: str
    """Relative to the artifact repository, with forward slashes."""
    sha256: str
    size: int


@dataclass(frozen=True)
class Operation:
    """What one artifact's change consists of."""

    artifact_id: str
    row: RowChange
    file: NewFile | None = None
    """The file it adds, if it adds one."""
    adopted: AdoptedFile | None = None
    """The file it takes as it is; never beside `file`."""
    entries: tuple[FolderEntry, ...] = ()
    """The paths of its folder, if it lays one out."""
    replacement: Replacement | None = None
    """What a person's decision does to its file, where one is concerned."""
    registers: NewRow | None = None
    """The row that it brings, where a person adopts a file that no row claims."""
    log: Mapping[str, Any] = field(default_factory=dict)
    """What the migration log is to say of it; of a decision, how the artifact waited before."""
    commit: str = ""
    """Its own commit, where each artifact has one."""
    id: int = 0
    state: OperationState = OperationState.PREPARED
    reason: str = ""
    pass_no: int = 1
    """The pass of its batch that brought it on; a redo leaves what was kept with its own."""
    undo_op: str = ""
    """Idempotency key of the rollback that took it back."""

    @property
    def touches_git(self) -> bool:
        """Whether it is about any file; a mark is about its row alone."""
        return bool(self.file or self.adopted or self.entries or self.replacement or self.registers)


@dataclass(frozen=True)
class Batch:
    """A batch as the journal knows it."""

    id: int
    uid: str
    """Its name in git's trailers; a UUID, so that it never repeats, even in another database."""
    job: JobName
    run_id: int | None
    pass_no: int
    """1 for the first time forward; each redo adds one."""
    state: BatchState
    epoch: int
    base_commit: str
    commit: str
    inverse_commit: str
    authorization: str
    created_at: datetime
    operations: tuple[Operation, ...] = ()
    decision: int | None = None
    """The person's decision that it applies; None of a batch of a job's own."""
    undo_no: int = 0
    """How many rollbacks of this pass were begun; one that kept something can be resumed by the next."""
    undo_plan: str = ""
    """Token of the plan by which the newest rollback was begun."""
    writer: str = ""
    """Who had it committed, where it is a writer's (`commit_artifact`); empty of an engine's own."""
    applied: Mapping[int, str] = field(default_factory=dict, compare=False)
    """The commits that brought it on, by pass."""

    def taking_back(self, operation: Operation) -> RowChange:
        """What a rollback does to an operation's row.

        A decision is taken back only from a row that nothing was built on since: its guards count, too.
        """
        return operation.row.inverse(guarded=self.decision is not None)

    @property
    def of_orphans(self) -> bool:
        """Whether it is about files that no row claims, so that no row of theirs changes."""
        return any(is_orphan(operation.artifact_id) for operation in self.operations)

    @property
    def op(self) -> str:
        """The idempotency key of this pass, as it stands in the `Scidex-Op` trailer."""
        return f"{self.uid}/{self.pass_no}"

    @property
    def undo_op(self) -> str:
        """The idempotency key of the newest rollback of this pass."""
        return f"{self.op}/undo" if self.undo_no <= 1 else f"{self.op}/undo/{self.undo_no}"

    def brought_by(self, operations: Sequence[Operation]) -> tuple[str, ...]:
        """The commits of the passes that brought these operations on, oldest first."""
        passes = sorted({operation.pass_no for operation in operations})
        return tuple(commit for number in passes if (commit := self.applied.get(number)))

    def going_back(self) -> tuple[Operation, ...]:
        """The operations that the newest rollback takes or has taken back; not those of earlier ones."""
        return tuple(
            o
            for o in self.operations
            if o.state is OperationState.DONE
            or (o.state is OperationState.ROLLED_BACK and o.undo_op == self.undo_op)
        )

    def live(self) -> tuple[Operation, ...]:
        """The operations that take part in the commit and the switch."""
        return tuple(o for o in self.operations if o.state in (OperationState.PREPARED, OperationState.DONE))
