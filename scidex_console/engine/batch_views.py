"""A batch as people see it: in a list, and with what taking it back, or bringing it on again, would do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scidex_console.domain.batches import BatchState, OperationState
from scidex_console.domain.jobs import JobName


@dataclass(frozen=True)
class BatchView:
    """One batch, for a list."""

    id: int
    uid: str
    job: JobName
    run_id: int | None
    state: BatchState
    commit: str
    inverse_commit: str
    created_at: datetime
    settled_at: datetime | None
    files: int
    marks: int
    skipped: int
    conflicts: int
    authorization: str
    outer_commit: str = ""
    push: str = ""
    """`` when no remote is configured; `pushed`, `pending`, or the error of the last try."""
    adopted: int = 0
    """Rows that got a file which was there before."""
    kept: int = 0
    """Rows that a rollback had to leave as the batch made them; a rollback can be resumed for them."""
    writer: str = ""
    """Who had it committed, where it is a writer's; empty of an engine's own."""


@dataclass(frozen=True)
class ReversibleBatches:
    """The newest batches of a job that can be taken back, or brought on again."""

    job: JobName
    done: int | None
    """Id of the newest of which something stands; None when none does."""
    taken_back: int | None
    """Id of the newest of which something was taken back; None when nothing is."""


@dataclass(frozen=True)
class OperationView:
    """One operation of a batch, for a preview or a list."""

    artifact_id: str
    state: OperationState
    path: str
    sha256: str
    size: int | None
    fields: tuple[str, ...]
    reason: str = ""
    commit: str = ""
    """The artifact's own commit (folders)."""
    files: int = 0
    """Files moved into its folder, without the manifest (folders)."""
    links: int = 0
    """Links in its folder (folders)."""


@dataclass(frozen=True)
class LaterBatch:
    """A batch that came after another one and touched artifacts of it."""

    id: int
    shared: int
    """How many artifacts it shares."""


@dataclass(frozen=True)
class RollbackPreview:
    """Both stores at once: what a rollback (or a redo) of a batch would do. Its token names exactly this."""

    batch: BatchView
    redo: bool
    commits: tuple[str, ...]
    """Commits that will be inverted: of folders the merge commit, and behind it each artifact's own; with a
    redo, those by which the batch was taken back."""
    paths: tuple[str, ...]
    """Paths that go (with a redo: come again); old paths that come back are those of `old_paths`."""
    operations: tuple[OperationView, ...]
    """Rows that will be restored (or applied again)."""
    refused: tuple[OperationView, ...]
    """Rows that changed since and will be left alone, each with the reason."""
    token: str
    old_paths: tuple[str, ...] = ()
    """Old paths that appear again (with a redo: go) (folders)."""
    kept_files: tuple[OperationView, ...] = ()
    """Those of `operations` that would be kept (a redo: left out), since a file was changed; with the reason.

    The token does not name them, as only who has the checkout sees them (folders)."""
    later: tuple[LaterBatch, ...] = ()
    """Batches that stand on this one: they changed artifacts of it since, and hold those rows back.

    The token does not name them: what they changed is among `refused`."""
    dangling: int = 0
    """Links in folders that stay which would lead nowhere, until their ends come again (folders)."""
    unseen: str = ""
    """Why nobody looked at the files; empty when somebody did, or when none are concerned (folders)."""

    @property
    def changes_anything(self) -> bool:
        """Whether anything would come of it."""
        return len(self.operations) > len(self.kept_files)
