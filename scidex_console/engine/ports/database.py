"""What the engine keeps in the database: the fence, runs, intents, the gap, the journal, the gate."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from scidex_console.domain.batches import Batch, Operation, Skip
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.fetching import FetchOutcome
from scidex_console.domain.figures import PreparedFigure, Verdict
from scidex_console.domain.hosts import GateState
from scidex_console.domain.intents import ActionName, Intent
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import RunState
from scidex_console.engine.ports.repository import Committed
from scidex_console.engine.views import RunView


@dataclass(frozen=True)
class FigureRow:
    """A `paper_figure` row as the survey reads it."""

    artifact_id: str
    file_path: str | None
    url: str | None
    unavailable: bool
    sha256: str = ""
    """`metadata.file_sha256`; empty when there is none."""


@dataclass(frozen=True)
class SurveyedFigure:
    """A figure of the gap, as the survey found it."""

    artifact_id: str
    url: str
    group: str
    sha256: str = ""
    """Of the file found where it belongs (`engine.jobs.adoption`); empty when there is none."""
    size: int = 0
    """Bytes of that file."""
    extension: str = ""
    """Its extension, which makes its path."""


@dataclass(frozen=True)
class DueFigure:
    """A figure that may be asked now."""

    artifact_id: str
    url: str
    group: str
    attempts: int
    title: str
    suspected_for: timedelta | None = None
    """Since when it is said to be gone; None when it is not."""
    rescue_tried: str = ""
    """The rewrite rules that were tried on it, as their fingerprint."""
    marked: bool = False
    """Whether its row says that it is gone: only other addresses are asked."""


@dataclass(frozen=True)
class SwitchResult:
    """What the database's commit point did."""

    done: tuple[str, ...]
    conflicts: tuple[str, ...]
    """Rows somebody else changed, deleted or holds locked; nothing of them was written."""


class Fence(Protocol):
    """One engine per store."""

    journal: str
    """Identity of the journal, a UUID: known once the store was acquired. A journal that is made anew after
    the schema was taken back has another one."""

    async def acquire(
        self, holder: str, *, version: str, writes: bool, authorization: str, environment: str, at_least: int
    ) -> int:
        """Take the advisory lock on a dedicated connection and a new epoch (> `at_least`). Raises `Held`."""
        ...

    async def beat(self, note: str) -> None:
        """Heartbeat. Raises `Fenced` when the epoch has moved or the lock's connection is gone."""
        ...

    async def release(self) -> None: ...


class WriterQueue(Protocol):
    """Where the writers of one repository wait for their turn, in all processes: first come, first served."""

    async def enter(self) -> None:
        """Wait for the turn. Raises `LockBusy` naming who has it when it takes too long, `Unreachable`."""
        ...

    async def leave(self) -> None:
        """Let the next one in. Never raises: a turn whose connection is lost is over anyway."""
        ...


class RunStore(Protocol):
    """Runs and their states. Every write checks the epoch (`Fenced`)."""

    async def open_run(self, job: JobName) -> RunView | None: ...

    async def last_run(self, job: JobName) -> RunView | None: ...

    async def create(
        self,
        job: JobName,
        state: RunState,
        *,
        steps: int | None,
        step_unit: str,
        intent: Intent,
        waits_on: str = "",
    ) -> RunView:
        """A new run in the name of an intent, which waits from then on if `waits_on` says for what."""
        ...

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
        intent: Intent | None = None,
        intent_waits_on: str = "",
    ) -> RunView:
        """Move a run; the domain's table of legal moves decides. The intent behind it waits from then on.

        Raises `Overtaken` when the run is not as given any more.
        """
        ...

    async def wait_on(self, run: RunView, what: str) -> RunView:
        """Say what a run waits for."""
        ...


class IntentStore(Protocol):
    """The engine's side of intents."""

    async def claim(self, *, besides: Collection[int] = ()) -> Sequence[Intent]:
        """All open intents but the given ones, oldest first; new ones are `accepted` now.

        One this program does not know is refused.
        """
        ...

    async def wait(self, intent: Intent, on: str) -> None: ...

    async def settle(
        self, intent: Intent, *, done: bool, outcome: str, before: Any = None, after: Any = None
    ) -> None:
        """Done or refused, with its outcome, and the audit row, in one transaction."""
        ...

    async def cancelled(self, outcomes: Mapping[ActionName, str]) -> Sequence[Intent]:
        """Open intents whose cancellation was asked for, as they were; they are settled as cancelled.

        Those that were waiting get the outcome of their action.
        """
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
        that no longer lack a file leave; rows whose file was found wait for the batch that adopts
        it. `total` is the number of `paper_figure` rows.
        """
        ...

    async def stored_hashes(self, artifact_ids: Sequence[str]) -> Mapping[str, str]:
        """sha256 of the files that the journal says these artifacts have; others are left out."""
        ...

    async def due(self, group: str, limit: int, *, excluding: Collection[str]) -> Sequence[DueFigure]: ...

    async def due_groups(self) -> Mapping[str, int]:
        """Host groups with rows due now, and how many."""
        ...

    async def next_due_at(self) -> datetime | None:
        """When the next scheduled row becomes due."""
        ...

    async def record_attempt(
        self,
        figure: DueFigure,
        outcome: FetchOutcome,
        verdict: Verdict,
        *,
        run_id: int | None,
        epoch: int,
        judged_at: datetime | None = None,
    ) -> None:
        """One attempt and its verdict, whose time is counted from `judged_at`; a step counts it as well."""
        ...

    async def prepared(self, *, files: int, marks: int) -> Sequence[PreparedFigure]:
        """Staged and condemned figures in the order they came, with the row's present values."""
        ...

    async def prepared_counts(self) -> tuple[int, int]:
        """How many staged files and how many dead marks wait for a batch."""
        ...

    async def forget_deleted(self) -> None:
        """Drop figures of rows that were deleted."""
        ...

    async def staged_names(self) -> frozenset[str]:
        """Staged files that figures or open operations still need; all others are leftovers."""
        ...

    async def has_group(self, group: str) -> bool:
        """Whether any figure of the gap is asked of this host group."""
        ...

    async def ask_marked(self, artifact_ids: Sequence[str], fingerprint: str) -> None:
        """Marked figures become due on which these rewrite rules were not tried."""
        ...

    async def let_go(self, artifact_ids: Sequence[str]) -> None:
        """Prepared figures that need no batch any more leave the work table; their attempts stay."""
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
        decision: int | None = None,
        writer: str = "",
    ) -> Batch | None:
        """Journal a batch, claiming each artifact (advisory lock, one open operation each).

        Operations whose artifact is claimed elsewhere are left out; None when none is left. `decision` is the
        person's decision that the batch applies, `writer` who has it committed, if it is one's.
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

    async def keep_named(self, batch: Batch) -> Batch:
        """Old paths that rows have come to name since the batch was planned are to stay."""
        ...

    async def finish(self, batch: Batch) -> Batch:
        """`done` → `cleaned` (or `empty`)."""
        ...

    async def begin_rollback(self, batch: Batch, *, keep: Mapping[str, str], plan: str = "") -> Batch:
        """`rolling_back`; operations in `keep` stay, with the reason. May be repeated to keep more."""
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

    async def left_open(self, *, lingering: Collection[int]) -> Sequence[Batch]:
        """Of the unsettled batches those that nobody is about to settle, oldest first.

        Batches whose old paths only wait for readers to leave (`lingering`, and those of an engine that are
        in both stores) are settled by whoever wrote them.
        """
        ...

    async def load(self, batch_id: int) -> Batch | None: ...

    async def of_decision(self, decision: int) -> Batch | None:
        """The batch that applies a decision; None before it is journalled, or when it needs none."""
        ...

    async def last(self, job: JobName) -> Batch | None:
        """The newest batch of a job that is done or cleaned."""
        ...

    async def changed_since(self, batch: Batch, *, undo: bool) -> Mapping[str, str]:
        """Artifacts whose rows are not as the batch left (for a redo: found) them, with the reason."""
        ...

    async def record_outer(self, batch: Batch, *, commit: str, push: str) -> None: ...

    async def newest_commit(self, batch: Batch) -> str:
        """The last commit that a batch has put on the branch; empty where it has none."""
        ...

    async def unpushed(self) -> Sequence[Batch]:
        """Settled batches whose pointer or push is outstanding, the last settled last, without operations."""
        ...


class GateStore(Protocol):
    """Keeps the gate's state over restarts."""

    async def load(self) -> Sequence[GateState]: ...

    async def save(self, states: Sequence[GateState]) -> None: ...


class Housekeeping(Protocol):
    """Small regular duties in the database."""

    async def fold_counters(self) -> None: ...

    async def thin_reads(self) -> None:
        """Gather counts of reads and answers of more than two days ago by the hour."""
        ...

    async def notify(self, topics: Collection[str]) -> None:
        """Tell listening consoles what changed; coalesced by the engine to a few a second."""
        ...

    async def wait_for_news(self, timeout: float) -> None:
        """Return when an intent may have arrived, or after `timeout` seconds."""
        ...
