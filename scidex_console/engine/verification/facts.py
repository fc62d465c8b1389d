"""What verification is given: facts as values, and where they come from as Protocols.

Each source says only what it sees itself: the database its rows, git its objects, the disk its bytes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from scidex_console.domain.batches import Batch, BatchState
from scidex_console.domain.commits import Trailers

# --- database -------------------------------------------------------------------------------------------


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
    records: Sequence[CommitRecord]
    audits: Sequence[AuditFact]
    staged: frozenset[str]
    """Staged files that figures or open operations still need."""
    counters_off: Sequence[str]
    """Counters that differ from a recount, each in words."""
    counters: int
    """How many counters were recounted."""


@dataclass(frozen=True, slots=True)
class BatchStanding:
    """Where a batch stands at one moment."""

    state: BatchState
    pass_no: int
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


class DatabaseSource(Protocol):
    """Asks the database; one snapshot per call."""

    async def facts(self) -> DatabaseFacts: ...

    async def movement(self) -> Movement: ...


# --- git ------------------------------------------------------------------------------------------------

Place = tuple[str, str]
"""A commit and a path in it."""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """A path's mode and object."""

    mode: str
    object: str


@dataclass(frozen=True, slots=True)
class PathDelta:
    """What a commit did to one path; None where the path was or is not there."""

    before: TreeEntry | None
    after: TreeEntry | None


@dataclass(frozen=True)
class OwnCommit:
    """A commit that bears our trailers."""

    id: str
    trailers: Trailers
    changes: Mapping[str, PathDelta]
    """Against its first parent."""


@dataclass(frozen=True)
class OuterFacts:
    """The outer repository around the artifact repository."""

    submodule: str
    """The submodule's place in it."""
    commits: Sequence[OwnCommit]
    """Ours, oldest first."""
    pointer: str | None
    """Commit that HEAD records; None when it records none."""
    pointer_is_ancestor: bool
    """Whether that is the artifact repository's HEAD or an ancestor of it."""
    index_goes_back: bool
    """Whether the index would move the pointer back to an older commit."""


@dataclass(frozen=True)
class Traces:
    """What of ours lies in a repository's git directory, in words, and who holds our locks."""

    leftovers: tuple[str, ...]
    engine: str | None
    """Who holds the engine's lock."""
    writer: str | None
    """Who holds a writer's lock."""


@dataclass(frozen=True)
class RepositoryFacts:
    """Everything asked of git, as of one commit."""

    head: str
    epoch: int
    """What the epoch reference holds."""
    tree: Mapping[str, TreeEntry]
    """Every file of HEAD."""
    index: Mapping[str, TreeEntry]
    """Every path of the index that is in no conflict."""
    commits: Sequence[OwnCommit]
    """Ours in HEAD's history, oldest first."""
    first_base: Mapping[str, TreeEntry] | None
    """Every file of the commit on which the first batch was based; None when there is none (any more)."""
    lost_blobs: Mapping[str, str]
    """Blobs reachable before that HEAD's history does not reach, each with where it was reachable from."""
    unknown_bases: frozenset[str]
    """Commits that batches were based on and that git does not have (any more)."""
    fsck: Sequence[str]
    traces: Traces
    outer: OuterFacts | None
    unreadable: str = ""
    """Why history could not be read; everything but `fsck` is empty then."""


@dataclass(frozen=True)
class RepositoryQuestion:
    """What verification wants to know of git beyond the obvious."""

    bases: Sequence[str]
    """Commits that batches were based on, oldest batch first."""
    blobs: Mapping[str, str]
    """Blobs that batches added, each with where."""


class RepositorySource(Protocol):
    """Asks git. Synchronous; takes no lock and writes nothing."""

    def head(self) -> str: ...

    def facts(self, question: RepositoryQuestion) -> RepositoryFacts: ...

    def objects_at(self, places: Collection[Place]) -> Mapping[Place, str | None]:
        """Object at each (commit, path); None where there is none."""
        ...

    def pointers(self, blobs: Collection[str]) -> Mapping[str, str]:
        """sha256 that each of these blobs stands for, where it is a Git LFS pointer."""
        ...


# --- disk -----------------------------------------------------------------------------------------------


class Presence(StrEnum):
    """What is at a path."""

    FILE = "file"
    LINK = "symbolic link"
    FOLDER = "folder"
    OTHER = "neither file nor folder"
    MISSING = "missing"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class FileFact:
    """What is at a path of the disk, read without following links."""

    presence: Presence
    sha256: str = ""
    blob: str = ""
    """Object id that git would give these bytes."""
    stands_for: str = ""
    """sha256 of the file it stands for, when it is a Git LFS pointer."""
    why: str = ""
    """Why it cannot be read."""

    def holds(self, sha256: str) -> bool:
        """Whether these are the expected bytes, or a pointer to them."""
        return self.presence is Presence.FILE and sha256 in (self.sha256, self.stands_for)


@dataclass(frozen=True)
class StagingFact:
    """The staging folder."""

    finished: frozenset[str]
    unfinished: frozenset[str]


class DiskSource(Protocol):
    """Reads files. Synchronous; spreads the hashing over threads of its own."""

    def artifacts(self, paths: Collection[str]) -> Mapping[str, FileFact]:
        """Files of the artifact checkout."""
        ...

    def outside(self, paths: Collection[str]) -> Mapping[str, FileFact] | None:
        """Files of the outer checkout; None when there is none."""
        ...

    def staging(self) -> StagingFact: ...
