"""What triage shows: cases, the evidence about one, decisions, and what a decision would do. Frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scidex_console.domain.jobs import JobName
from scidex_console.domain.orphans import Decided
from scidex_console.domain.triage import CaseKind, Decision

UNDOABLE = frozenset({"applied", "partly", "partly undone"})
"""What has come of a decision that can be taken back."""


@dataclass(frozen=True)
class CaseFilter:
    """What a listing of cases is filtered by; empty fields do not filter."""

    job: JobName | None = None
    kind: str = ""
    """One or more kinds, with commas between."""
    text: str = ""


@dataclass(frozen=True)
class CaseView:
    """One artifact that waits for a person."""

    artifact_id: str
    job: JobName
    kind: CaseKind
    artifact_type: str
    title: str
    reason: str
    since: datetime
    attempts: int
    note: str = ""
    """The last note that it was left with, if that is the last decision about it."""
    decisions: int = 0
    """How often something was decided about it."""


@dataclass(frozen=True)
class VersionView:
    """The file as one commit left it."""

    commit: str
    at: datetime
    author: str
    subject: str
    path: str
    """Where it lay then."""
    blob: str
    mode: str
    size: int | None
    """Bytes of the content; None when nobody looked."""
    sha256: str
    """Of the content; empty when it was not read, as too much was read already."""
    matches: bool
    """Whether it is the one that the row promises."""
    is_stand_in: bool = False
    """Whether git keeps a Git LFS pointer in its place."""


@dataclass(frozen=True)
class FileView:
    """The file as it is now."""

    path: str
    """Relative to the artifact repository."""
    place: str
    """Where it lies on this machine."""
    sha256: str
    size: int
    media_type: str
    shape: str
    """Pixels of an image, cells of a notebook, rows of a table; empty when it has none of these."""


@dataclass(frozen=True)
class AttemptedView:
    """The last answer a figure got."""

    at: datetime
    url: str
    final_url: str
    outcome: str
    status: int | None
    reason: str
    media_type: str
    size: int | None


@dataclass(frozen=True)
class DecisionView:
    """A decision, and what became of it."""

    id: int
    job: JobName
    decision: Decision
    artifacts: int
    undoes: int | None
    at: datetime
    operator: str
    origin: str
    reason: str
    version: str
    state: str
    """`open`, `applied`, `partly`, `refused`, `cancelled`, `undone` or `partly undone`."""
    applied: int
    refused: int
    outcome: str
    batch: int | None
    undone_by: int | None
    own_result: str = ""
    """What became of it for the artifact that is being looked at: why it was refused, or nothing."""


@dataclass(frozen=True)
class EvidenceView:
    """Everything known of one case, at one moment."""

    case: CaseView
    taken_at: datetime
    expected_sha256: str
    """Empty: the row promises none."""
    expected_from: str
    """Which field of the row says so."""
    recorded_size: int | None
    file: FileView | None
    why_unread: str
    """Why there is no file to look at, or nothing."""
    others: tuple[str, ...]
    """Other artifacts that name the same file."""
    versions: tuple[VersionView, ...]
    """Newest first; the first is the file as git has it now."""
    more_versions: bool
    """Whether there are older ones that were not looked at."""
    diff: tuple[str, ...]
    """Unified, from the promised (else the previous) version to the file now; empty where it is no text."""
    diff_from: str
    """Commit of the version that is compared with; empty without one."""
    diff_cut: bool
    attempt: AttemptedView | None
    decisions: tuple[DecisionView, ...]
    """Newest first."""
    open_to: Mapping[str, str]
    """Every decision, and why it is not open to this case (empty: it is)."""


@dataclass(frozen=True)
class DecisionItem:
    """What a decision would do to one artifact."""

    artifact_id: str
    title: str
    kind: str
    what: str
    """In a few words; empty when it is refused."""
    path: str = ""
    before_sha256: str = ""
    after_sha256: str = ""
    refused: str = ""
    """Why it would be left alone."""


@dataclass(frozen=True)
class DecisionPreview:
    """Exactly what a decision would do; its token names this."""

    decision: Decision
    job: JobName
    items: tuple[DecisionItem, ...]
    token: str
    undoes: int | None = None

    @property
    def applied(self) -> tuple[DecisionItem, ...]:
        """Those that something would be done to."""
        return tuple(item for item in self.items if not item.refused)

    @property
    def refused(self) -> tuple[DecisionItem, ...]:
        """Those that would be left alone."""
        return tuple(item for item in self.items if item.refused)


@dataclass(frozen=True)
class DecisionRecord:
    """A decision as it was asked for."""

    id: int
    job: JobName
    decision: Decision
    artifact_ids: tuple[str, ...]
    undoes: int | None
    token: str
    at: datetime
    operator: str
    reason: str
    params: Mapping[str, Any]
    """What it needs besides, such as the type that files are adopted as."""

    @property
    def decided(self) -> Decided:
        """Who decided, when and why."""
        return Decided(self.id, self.at, self.operator, self.reason)


@dataclass(frozen=True)
class DecisionResult:
    """What became of a decision for one artifact."""

    artifact_id: str
    applied: bool
    reason: str
    batch: int | None
