"""What the console's listings are filtered by, and all about one of their rows, as frozen views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scidex_console.domain.jobs import JobName
from scidex_console.engine.batch_views import BatchView, LaterBatch, OperationView
from scidex_console.engine.people import AuditView
from scidex_console.engine.views import AttemptView, MigrationLogView


@dataclass(frozen=True)
class LogFilter:
    """What the migration log is filtered by; empty fields do not filter."""

    statuses: tuple[str, ...] = ()
    problems: bool = False
    """Whatever is neither a success nor was taken back by a person: what somebody has to see to."""
    artifact_id: str = ""
    text: str = ""
    """In the artifact's id, or anywhere in the errors."""


@dataclass(frozen=True)
class BatchFilter:
    """What batches are filtered by; empty fields do not filter."""

    job: JobName | None = None
    states: tuple[str, ...] = ()
    artifact_id: str = ""
    text: str = ""
    """The beginning of one of its commits, or of its UUID."""


@dataclass(frozen=True)
class HostPace:
    """Requests of each host group, by the minute."""

    taken_at: datetime
    """The database's clock."""
    per_minute: tuple[tuple[str, tuple[int, ...]], ...]
    """Group, and its requests in each of the last minutes, the running one last."""


@dataclass(frozen=True)
class OperationDetail:
    """One operation of a batch, with the row before and after."""

    operation: OperationView
    before: Mapping[str, Any]
    """Fields that change, as they were; one that is not there was absent."""
    after: Mapping[str, Any]
    """The same fields as the batch leaves them."""


@dataclass(frozen=True)
class CommitRecordView:
    """A commit of ours, as the journal has it."""

    op: str
    kind: str
    commit: str
    recorded_at: datetime


@dataclass(frozen=True)
class BatchDetail:
    """One batch whole."""

    batch: BatchView
    operations: tuple[OperationDetail, ...]
    commits: tuple[CommitRecordView, ...]
    later: tuple[LaterBatch, ...]
    """Batches that stand on this one, newest first."""


@dataclass(frozen=True)
class ArtifactFile:
    """One path of an artifact's folder, as its last batch laid it out."""

    role: str
    path: str
    size: int
    sha256: str
    source: str


@dataclass(frozen=True)
class ArtifactChange:
    """One operation on an artifact."""

    batch_id: int
    job: str
    state: str
    batch_state: str
    commit: str
    """The artifact's own commit, or else that of the batch."""
    at: datetime
    reason: str


@dataclass(frozen=True)
class ArtifactDecision:
    """What a person decided about an artifact."""

    id: int
    decision: str
    operator: str
    at: datetime
    reason: str
    state: str
    """`applied`, `refused`, or empty while the engine has not looked at it."""
    note: str


@dataclass(frozen=True)
class ArtifactLink:
    """A link from or to an artifact."""

    source: str
    target: str
    kind: str


@dataclass(frozen=True)
class ArtifactHistory:
    """What happened to one artifact. Lists are newest first, and of the last few."""

    changes: tuple[ArtifactChange, ...] = ()
    decisions: tuple[ArtifactDecision, ...] = ()
    log: tuple[MigrationLogView, ...] = ()


@dataclass(frozen=True)
class ArtifactDetail:
    """All that is known about one artifact. Lists are newest first, and of the last few."""

    artifact_id: str
    row: Mapping[str, Any] | None
    """Columns of the row; None when it is gone."""
    files: tuple[ArtifactFile, ...]
    links: tuple[ArtifactLink, ...]
    changes: tuple[ArtifactChange, ...]
    decisions: tuple[ArtifactDecision, ...]
    attempts: tuple[AttemptView, ...]
    log: tuple[MigrationLogView, ...]
    audit: tuple[AuditView, ...] = ()
    """Who did what with its batches, and who decided about it."""
    links_unread: str = ""
    """Why its links are not among it; empty when they were read."""
