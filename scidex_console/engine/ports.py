"""What the engine needs from outside, as Protocols.

Adapters implement them structurally and know nothing of one another. Everything that blocks (git, hashing,
the file system) is synchronous here and leaves the event loop by `asyncio.to_thread`; the database and the
network are asynchronous. All adapters raise the errors of `domain.errors` only.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from scidex_console.domain.batches import Batch, Operation, Skip
from scidex_console.domain.commits import CommitKind, Trailers
from scidex_console.domain.fetching import FetchOutcome, StagedFile
from scidex_console.domain.figures import PreparedFigure, Verdict
from scidex_console.domain.hosts import GateState, Override
from scidex_console.domain.intents import Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.views import (
    AttemptView,
    BatchView,
    EngineView,
    HostView,
    MigrationLogView,
    OperationView,
    Overview,
    PlanView,
    RetryPreview,
    RollbackPreview,
    RunView,
    StoreIdentity,
)

# --- system ---------------------------------------------------------------------------------------------


class Clock(Protocol):
    """Time, so that tests can have another."""

    def now(self) -> datetime:
        """Wall-clock time, UTC, aware."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump."""
        ...

    async def sleep(self, seconds: float) -> None: ...


# --- files ----------------------------------------------------------------------------------------------


class StagedWriter(Protocol):
    """One file being staged. Exactly one of `finish` and `abandon` ends it."""

    def write(self, chunk: bytes) -> None:
        """Append and hash. Raises `Halt` when the disk is full or read-only."""
        ...

    async def finish(self) -> StagedFile:
        """Flush to disk (fsync, in a thread) and give the file its final staging name."""
        ...

    def abandon(self) -> None:
        """Remove what was written."""
        ...


class Staging(Protocol):
    """The staging folder: on the same file system as the worktree, inside the git directory."""

    def create(self, artifact_id: str) -> StagedWriter: ...

    def holds(self, name: str, sha256: str) -> bool:
        """Whether the staged file is there and its bytes are the expected ones."""
        ...

    def discard(self, names: Collection[str]) -> None:
        """Remove staged files; missing ones are fine."""
        ...

    def names(self) -> frozenset[str]:
        """All finished staged files. Unfinished ones of a killed engine are removed by `sweep`."""
        ...

    def sweep(self) -> int:
        """Remove unfinished files nobody writes any more; how many there were."""
        ...


class Worktree(Protocol):
    """The checkout's files, by paths relative to it. No path is followed through a symbolic link."""

    def place(self, staged: str, path: str, sha256: str) -> None:
        """Make a staged file appear at `path` without replacing anything (link, fsync of the folder).

        A file already there with the same bytes is adopted. Raises `UnsafePath` for a symlinked component,
        `Refused` when another file is there, `Halt` when the disk is full. The staged file stays.
        """
        ...

    def digest(self, path: str) -> StagedFile | None:
        """sha256 and size of the file at `path` (a regular file, opened without following links), or None."""
        ...

    def exists(self, path: str) -> bool:
        """Whether a regular file is at `path`."""
        ...

    def remove(self, path: str, sha256: str) -> bool:
        """Remove the file if its bytes are still the expected ones; True when it is gone afterwards."""
        ...


# --- git ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PathChange:
    """One path of a commit: a file of the worktree to add (with its expected hash), or a removal."""

    path: str
    sha256: str | None
    """Expected sha256 of the file to add; None removes the path."""
    blob: str = ""
    """Object id to reuse instead of reading the worktree, where it is known."""


@dataclass(frozen=True)
class Committed:
    """A commit of ours and the object ids of what it added."""

    commit: str
    blobs: Mapping[str, str]


@dataclass(frozen=True)
class CommitInfo:
    """A commit as history shows it."""

    id: str
    subject: str
    trailers: Trailers | None
    paths: tuple[str, ...] = ()


class ArtifactRepository(Protocol):
    """The artifact repository (the submodule's checkout) and the outer repository around it. Synchronous."""

    def check(self) -> None:
        """Raise `RepositoryError` (with what to do) when it is not in a state we may write to.

        Detached HEAD, merge or rebase in progress, the recorded branch missing, corrupt objects in the way.
        """
        ...

    def head(self) -> str:
        """Commit at the tip of the branch."""
        ...

    def epoch(self) -> int:
        """Epoch held by the ref `refs/scidex-console/epoch`; 0 when there is none."""
        ...

    def raise_epoch(self, epoch: int) -> None:
        """Move the ref to a higher epoch. Raises `Fenced` when it already holds this one or a higher one."""
        ...

    def engine_lock(self, holder: str) -> AbstractContextManager[None]:
        """The flock an engine holds as long as it lives. Raises `Held` naming the holder."""
        ...

    def writer_lock(self, holder: str) -> AbstractContextManager[None]:
        """The flock a writer holds per batch. Raises `LockBusy` naming the holder."""
        ...

    def commit(
        self, changes: Sequence[PathChange], *, subject: str, trailers: Trailers, epoch: int
    ) -> Committed:
        """Build one commit on the branch's tip and make it the tip: git's commit point.

        Objects are built without touching the worktree; one ref transaction verifies the epoch and moves the
        branch from its known value; then only these paths are patched into the real index, under its lock,
        which is taken before the ref moves and never stolen. Raises `LockBusy` (nothing has changed),
        `Fenced`, `Halt`, `RepositoryError`.
        """
        ...

    def find(self, op: str, kind: CommitKind, *, since: str) -> Committed | None:
        """The commit with this trailer between `since` and the tip, with the blobs it added."""
        ...

    def repair_index(self, paths: Sequence[str]) -> None:
        """Make the index entries of these paths what HEAD has; remove a stale lock only if it is our own."""
        ...

    def blobs_of(self, commit: str, paths: Sequence[str]) -> Mapping[str, str]:
        """Object ids of the files at these paths in a commit; paths that are not there are left out."""
        ...

    def export_blob(self, blob: str, write: Callable[[bytes], None]) -> None:
        """Hand a blob's bytes over in chunks."""
        ...

    def describe(self, commit: str) -> CommitInfo:
        """Subject, trailers and paths of one commit."""
        ...

    def ours(self) -> Sequence[CommitInfo]:
        """Every commit of ours reachable from the tip, newest first, with its paths."""
        ...

    def sync(self) -> None:
        """syncfs on the worktree and the git directory."""
        ...

    def bump_pointer(self, *, subject: str, trailers: Trailers) -> str | None:
        """Commit the submodule's tip in the outer repository; None when it already points there."""
        ...

    def push(self) -> str:
        """Push the submodule, then the outer repository; `pushed`, or `` when no remote is configured.

        Raises `RepositoryError` with git's words when a push fails; what was pushed stays pushed.
        """
        ...


# --- network --------------------------------------------------------------------------------------------


class FigureSource(Protocol):
    """Fetches one figure politely; the gate is behind it. Never raises for what a server does."""

    def group_of(self, url: str) -> str:
        """Name of the host group a recorded address belongs to (`malformed` when it has none)."""
        ...

    async def fetch(self, artifact_id: str, url: str) -> FetchOutcome:
        """One attempt: probe, decide, stage. Raises `Halt` only (our own disk)."""
        ...


class Gate(Protocol):
    """The engine's side of the gate: what must be kept, and what an operator may change."""

    def states(self) -> Sequence[GateState]:
        """Every group asked so far, for the database and the hosts pane."""
        ...

    def restore(self, states: Sequence[GateState]) -> None:
        """Take up what an earlier engine left: holds, pace, breakers, overrides."""
        ...

    def set_override(self, group: str, override: Override | None) -> None:
        """Set or clear an operator's temporary budget."""
        ...

    def in_flight_limit(self, group: str) -> int:
        """How many rows of this group may be worked on at once."""
        ...

    def closed_until(self, group: str) -> datetime | None:
        """End of a hold or of an open breaker, when one is in force: no use in taking up rows before."""
        ...


# --- database -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FigureRow:
    """A `paper_figure` row as the survey reads it."""

    artifact_id: str
    file_path: str | None
    url: str | None
    unavailable: bool


@dataclass(frozen=True)
class SurveyedFigure:
    """A figure of the gap, as the survey found it."""

    artifact_id: str
    url: str
    group: str


@dataclass(frozen=True)
class DueFigure:
    """A figure that may be asked now."""

    artifact_id: str
    url: str
    group: str
    attempts: int
    title: str


@dataclass(frozen=True)
class SwitchResult:
    """What the database's commit point did."""

    done: tuple[str, ...]
    conflicts: tuple[str, ...]
    """Rows somebody else changed, deleted or holds locked; nothing of them was written."""


class Fence(Protocol):
    """One engine per store."""

    async def acquire(
        self, holder: str, *, version: str, writes: bool, authorization: str, environment: str, at_least: int
    ) -> int:
        """Take the advisory lock on a dedicated connection and a new epoch (> `at_least`). Raises `Held`."""
        ...

    async def beat(self, note: str) -> None:
        """Heartbeat. Raises `Fenced` when the epoch has moved or the lock's connection is gone."""
        ...

    async def release(self) -> None: ...


class RunStore(Protocol):
    """Runs and their states. Every write checks the epoch (`Fenced`)."""

    async def open_run(self, job: JobName) -> RunView | None: ...

    async def last_run(self, job: JobName) -> RunView | None: ...

    async def create(
        self, job: JobName, state: RunState, *, steps: int | None, step_unit: str, intent: Intent
    ) -> RunView: ...

    async def move(
        self,
        run: RunView,
        to: RunState,
        *,
        steps: int | None = None,
        step_unit: str = "item",
        waits_on: str = "",
        halt_reason: str = "",
        halt_bytes_needed: int | None = None,
    ) -> RunView:
        """Move a run; the domain's table of legal moves decides."""
        ...

    async def count_step(self, run: RunView) -> RunView:
        """One step of a stepping run is done."""
        ...

    async def wait_on(self, run: RunView, what: str) -> RunView:
        """Say what a run waits for."""
        ...


class IntentStore(Protocol):
    """The engine's side of intents."""

    async def claim(self) -> Sequence[Intent]:
        """New intents, now `accepted`, oldest first; and those still open from before a restart."""
        ...

    async def wait(self, intent: Intent, on: str) -> None: ...

    async def settle(
        self, intent: Intent, *, done: bool, outcome: str, before: Any = None, after: Any = None
    ) -> None:
        """Done or refused, with its outcome, and the audit row, in one transaction."""
        ...

    async def cancelled(self) -> Sequence[int]:
        """Ids of open intents whose cancellation was asked for; they are settled as cancelled."""
        ...


class FigureStore(Protocol):
    """The gap of figures and every attempt at them."""

    def rows(self) -> AsyncIterator[Sequence[FigureRow]]:
        """All `paper_figure` rows, in pages."""
        ...

    async def record_survey(
        self, gap: Sequence[SurveyedFigure], marked: Sequence[SurveyedFigure], *, total: int, epoch: int
    ) -> None:
        """Bring the work table in line with what was found.

        New rows of the gap become due (without an address: `no_url`), rows marked unavailable are dead, rows
        that no longer lack a file leave. `total` is the number of `paper_figure` rows.
        """
        ...

    async def due(self, group: str, limit: int, *, excluding: Collection[str]) -> Sequence[DueFigure]: ...

    async def due_groups(self) -> Mapping[str, int]:
        """Host groups with rows due now, and how many."""
        ...

    async def next_due_at(self) -> datetime | None:
        """When the next scheduled row becomes due."""
        ...

    async def record_attempt(
        self, figure: DueFigure, outcome: FetchOutcome, verdict: Verdict, *, run_id: int | None, epoch: int
    ) -> None: ...

    async def prepared(self, *, files: int, marks: int) -> Sequence[PreparedFigure]:
        """Staged and condemned figures in the order they came, with the row's present values."""
        ...

    async def prepared_counts(self) -> tuple[int, int]:
        """How many staged files and how many dead marks wait for a batch."""
        ...

    async def staged_names(self) -> frozenset[str]:
        """Staged files that figures or open operations still need; all others are leftovers."""
        ...

    async def make_due(self, artifact_ids: Sequence[str]) -> Sequence[str]:
        """Retry: retryable rows become due now, with their attempts forgotten; the ids it did."""
        ...


class Journal(Protocol):
    """Batches and operations, and the row changes that are the database's commit point."""

    async def prepare(
        self,
        job: JobName,
        run_id: int | None,
        operations: Sequence[Operation],
        *,
        base_commit: str,
        epoch: int,
        authorization: str,
    ) -> Batch | None:
        """Journal a batch, claiming each artifact (advisory lock, one open operation each).

        Operations whose artifact is claimed elsewhere are left out; None when none is left.
        """
        ...

    async def skip(self, batch: Batch, skips: Mapping[str, Skip]) -> Batch:
        """Take operations out before the commit; their figures become due again, or wait for a person."""
        ...

    async def record_commit(self, batch: Batch, committed: Committed, kind: CommitKind, op: str) -> Batch: ...

    async def switch(
        self, batch: Batch, *, epoch: int, origin: Mapping[str, str]
    ) -> tuple[Batch, SwitchResult]:
        """Guarded row updates, figures settled, audit row, journal `done`: one transaction."""
        ...

    async def finish(self, batch: Batch) -> Batch:
        """`done` → `cleaned` (or `empty`)."""
        ...

    async def begin_rollback(self, batch: Batch, *, keep: Mapping[str, str]) -> Batch:
        """`rolling_back`; operations in `keep` stay, with the reason."""
        ...

    async def restore(
        self, batch: Batch, *, epoch: int, origin: Mapping[str, str]
    ) -> tuple[Batch, SwitchResult]:
        """Guarded restore of the changed fields only, figures held back, audit row: one transaction."""
        ...

    async def finish_rollback(self, batch: Batch) -> Batch: ...

    async def begin_redo(self, batch: Batch, *, base_commit: str, epoch: int, authorization: str) -> Batch:
        """Another pass: `prepared` again, `pass_no` + 1, for the operations that were rolled back."""
        ...

    async def unsettled(self) -> Sequence[Batch]:
        """Batches that recovery must look at, oldest first."""
        ...

    async def load(self, batch_id: int) -> Batch | None: ...

    async def last(self, job: JobName) -> Batch | None:
        """The newest batch of a job that is done or cleaned."""
        ...

    async def changed_since(self, batch: Batch, *, undo: bool) -> Mapping[str, str]:
        """Artifacts whose rows are not as the batch left (for a redo: found) them, with the reason."""
        ...

    async def record_outer(self, batch: Batch, *, commit: str, push: str) -> Batch: ...

    async def unpushed(self) -> Sequence[Batch]:
        """Settled batches whose pointer or push is still outstanding."""
        ...


class GateStore(Protocol):
    """Keeps the gate's state over restarts."""

    async def load(self) -> Sequence[GateState]: ...

    async def save(self, states: Sequence[GateState]) -> None: ...


class Housekeeping(Protocol):
    """Small regular duties in the database."""

    async def fold_counters(self) -> None: ...

    async def notify(self, topics: Collection[str]) -> None:
        """Tell listening consoles what changed; coalesced by the engine to a few a second."""
        ...

    async def wait_for_news(self, timeout: float) -> None:
        """Return when an intent may have arrived, or after `timeout` seconds."""
        ...


# --- readers (console, command line) ----------------------------------------------------------------------


@dataclass(frozen=True)
class AttemptFilter:
    """What `attempts` and the retry preview are filtered by; empty fields do not filter."""

    group: str = ""
    outcome: str = ""
    since: datetime | None = None
    artifact_id: str = ""
    text: str = ""


class ReadModel(Protocol):
    """Everything a reader asks, as frozen views. Never writes."""

    async def identity(self) -> StoreIdentity: ...

    async def overview(
        self, *, dead: int = 50, errors: int = 50, sparkline_minutes: int = 30
    ) -> Overview: ...

    async def engine(self) -> EngineView | None: ...

    async def run(self, job: JobName) -> RunView | None: ...

    async def hosts(self) -> Sequence[HostView]: ...

    async def attempts(
        self, criteria: AttemptFilter, *, limit: int, before_id: int | None = None
    ) -> Sequence[AttemptView]:
        """Newest first, by key, not by offset."""
        ...

    async def migration_log(
        self, *, status: str = "", limit: int, before_id: int | None = None
    ) -> Sequence[MigrationLogView]: ...

    async def batches(
        self, job: JobName | None, *, limit: int, before_id: int | None = None
    ) -> Sequence[BatchView]: ...

    async def batch(self, batch_id: int) -> BatchView | None: ...

    async def operations(self, batch_id: int) -> Sequence[OperationView]: ...

    async def plan(self, job: JobName, *, limit: int) -> PlanView: ...

    async def retry_preview(self, job: JobName, criteria: AttemptFilter) -> RetryPreview:
        """Rows a retry would make due, each by its last attempt; the token names exactly these rows."""
        ...

    async def rollback_preview(self, batch_id: int, *, redo: bool) -> RollbackPreview: ...

    async def report(self, job: JobName, run_id: int | None) -> Mapping[str, Any]:
        """Counts of a run (or of all), whole and per host: attempted, fetched, hard_404, transient, …"""
        ...

    async def intent(self, intent_id: int) -> Intent | None: ...


class IntentDesk(Protocol):
    """Where operators put intents. Needs the operator role; the database refuses others."""

    async def submit(
        self, action: str, job: JobName | None, params: Mapping[str, Any], *, reason: str
    ) -> Intent:
        """Insert the intent, or join the open one that asks for the same."""
        ...

    async def cancel(self, intent_id: int) -> None: ...


class Feed(Protocol):
    """News of what changed, for a console."""

    def topics(self) -> AsyncIterator[frozenset[str]]:
        """Names of what changed, coalesced; an empty set on a slow poll."""
        ...
