"""What the database is asked: its rows, the journal, the audit, as values, and where they come from.

`repository_facts` and `disk_facts` are the same for git and for the disk. Each source says only what it sees
itself; nothing is concluded there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from scidex_console.domain.batches import Batch, BatchState
from scidex_console.domain.folders.rows import ArtifactRow


@dataclass(frozen=True, slots=True)
class RowFact:
    """A row of `artifacts` that names a file."""

    artifact_id: str
    is_figure: bool
    """Whether it is a `paper_figure`."""
    file_path: str
    """As recorded, wherever this database keeps it."""
    sha256: str | None
    """`metadata.file_sha256`."""


@dataclass(frozen=True, slots=True)
class FolderRow:
    """A row as the folder migration sees it, and what the migration log says of it."""

    row: ArtifactRow
    succeeded: bool
    """Whether the log has a success of it."""
    files_moved: Sequence[Mapping[str, Any]] | None
    """That column of its last success."""
    last_status: str
    """The log's last word; empty when it has none."""


@dataclass(frozen=True, slots=True)
class MarkFact:
    """A row with `metadata.image_unavailable = true`."""

    artifact_id: str
    marked_at: str | None
    """`metadata.image_404_at`, as it stands."""
    logged: bool
    """Whether an attempt at it ended `dead` with 404, 410 or 451."""
    figure_state: str | None
    """Its state in the work table; None when it is not there."""
    attempts: int
    """Logged attempts at it."""


@dataclass(frozen=True, slots=True)
class CommitRecord:
    """A commit as the database has recorded it."""

    op: str
    kind: str
    batch: str
    """The batch's uid."""
    commit: str
    epoch: int


@dataclass(frozen=True, slots=True)
class AuditFact:
    """An audit row about a batch."""

    action: str
    op: str
    batch: str
    """The batch's uid."""
    commit: str
    """Commit it names; empty for other actions."""
    authorization: str
    epoch: int | None


@dataclass(frozen=True, slots=True)
class RunSpan:
    """When a run went on."""

    started_at: datetime | None
    finished_at: datetime | None
    halted: bool
    """Whether it is halted now."""


@dataclass(frozen=True, slots=True)
class RunHalt:
    """An audit row about a run that halted, or whose halt ended."""

    run_id: int
    at: datetime
    halted: bool
    """False: it was resumed or cancelled."""


@dataclass(frozen=True, slots=True)
class EngineFact:
    """The engine as the database knows it."""

    epoch: int
    holder: str
    alive: bool
    """Whether a connection holds the engine's advisory lock."""
    writes: bool
    figures_total: int
    """Paper figures at the last survey."""
    surveyed_at: datetime | None


@dataclass(frozen=True)
class DatabaseFacts:
    """Everything asked of the database, as of one moment."""

    taken_at: datetime
    installed_at: datetime | None
    """When our own tables came; nothing of ours can be older."""
    journal: str
    """The journal's identity, which its commits bear."""
    engine: EngineFact
    rows: Sequence[RowFact]
    marks: Sequence[MarkFact]
    figures: int
    """Paper figures there are now."""
    missing_rows: frozenset[str]
    """Artifacts that the journal or the work table knows and `artifacts` does not have."""
    migrated: int
    """Rows with `migrated_to_folder_at`."""
    batches: Sequence[Batch]
    """Oldest first, each with its operations."""
    runs: Mapping[int, RunSpan]
    halts: Sequence[RunHalt]
    """In the order in which they were told."""
    observing: frozenset[int]
    """Epochs of engines that were not to write, as the audit says."""
    records: Sequence[CommitRecord]
    audits: Sequence[AuditFact]
    staged: frozenset[str]
    """Staged files that figures or open operations still need."""
    counters_off: Sequence[str]
    """Counters that differ from a recount, each in words."""
    counters: int
    """How many counters were recounted."""
    folder_rows: Sequence[FolderRow] = ()
    """Every row, where folders are or were laid out."""
    claims: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Artifacts without a folder that claimed a path at the last survey, by path."""
    links: frozenset[tuple[str, str]] | None = None
    """What was made from what, by artifacts; None where nobody asked."""


@dataclass(frozen=True, slots=True)
class BatchStanding:
    """Where a batch stands at one moment."""

    state: BatchState
    pass_no: int
    undo_no: int
    push_state: str

    @property
    def published(self) -> bool:
        """Whether the outer repository and the remotes have nothing more to get of it."""
        return self.push_state in ("pushed", "none") or self.state is BatchState.EMPTY


@dataclass(frozen=True)
class Movement:
    """A second, short look at the database: what has moved since the first."""

    alive: bool
    standings: Mapping[str, BatchStanding]
    """By batch uid."""


@dataclass(frozen=True)
class Reach:
    """What some batches are about."""

    artifacts: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()
    """New and old ones."""


class DatabaseSource(Protocol):
    """Asks the database; one snapshot per call."""

    async def reach(self, uids: Collection[str]) -> Reach:
        """What the batches of these uids are about."""
        ...

    async def facts(self) -> DatabaseFacts: ...

    async def movement(self) -> Movement: ...
