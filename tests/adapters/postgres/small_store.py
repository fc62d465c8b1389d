"""A small store as an engine would leave it, made with the engine's own statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from psycopg.types.json import Jsonb

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.figures import PostgresFigures
from scidex_console.adapters.postgres.guarded_rows import GuardedRows
from scidex_console.adapters.postgres.journal import PostgresJournal
from scidex_console.adapters.postgres.runs import PostgresRuns
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.domain.batches import Batch
from scidex_console.domain.commits import CommitKind
from scidex_console.domain.fetching import FetchClass, FetchOutcome, StagedFile
from scidex_console.domain.figures import FigureState, Verdict, operation_for
from scidex_console.domain.intents import ActionName, Intent, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paths import ArtifactPaths
from scidex_console.domain.runs import RunState
from scidex_console.engine.ports import Committed, DueFigure, SurveyedFigure
from scidex_console.engine.views import RunView
from tests.adapters.postgres.conftest import Sql

PATHS = ArtifactPaths(submodule="data/store", figures="figures")
STATUS = {FetchClass.STORED: 200, FetchClass.DEAD: 404, FetchClass.BLOCKED: 403}


class SmallStore:
    """Figures named by the test, surveyed, attempted and put into batches."""

    def __init__(self, database: Database, sql: Sql, *, path_is_column: bool = True) -> None:
        self.fenced = FencedDatabase(database)
        self.sql = sql
        self.field = "file_path" if path_is_column else "metadata.file_path"
        self.figures = PostgresFigures(self.fenced, file_path_is_column=path_is_column)
        rows = GuardedRows(database, file_path_is_column=path_is_column)
        self.journal = PostgresJournal(self.fenced, rows)
        self.runs = PostgresRuns(self.fenced)

    def add(self, artifact_id: str, *, group: str = "europepmc", title: str = "") -> SurveyedFigure:
        """A `paper_figure` row without a file."""
        url = f"https://{group}.example/{artifact_id}.png"
        self.sql.execute(
            "INSERT INTO artifacts (id, artifact_type, title, metadata) VALUES (%s, 'paper_figure', %s, %s)",
            [artifact_id, title or f"Figure {artifact_id}", Jsonb({"image_url": url})],
        )
        return SurveyedFigure(artifact_id, url, group)

    async def survey(
        self, gap: Sequence[SurveyedFigure], marked: Sequence[SurveyedFigure] = (), *, total: int
    ) -> None:
        """What the engine does when it starts."""
        await self.figures.record_survey(gap, marked, total=total, epoch=0)

    async def start(self, job: JobName = JobName.FIGURES) -> RunView:
        """A running run."""
        intent = Intent(0, ActionName.START, job, {}, IntentState.ACCEPTED, "ada", "here", "why", _now())
        return await self.runs.create(job, RunState.RUNNING, steps=None, step_unit="item", intent=intent)

    async def attempt(
        self,
        artifact_id: str,
        outcome: FetchClass,
        *,
        run_id: int | None = None,
        status: int | None = None,
        later: bool = False,
        reason: str = "",
        ago: timedelta = timedelta(),
        host: str = "",
    ) -> None:
        """One attempt; `later` leaves a transient or blocked one due again in an hour."""
        row = self.sql.execute(
            "SELECT * FROM scidex_console.figure WHERE artifact_id = %s", [artifact_id]
        ).fetchone()
        assert row is not None
        figure = DueFigure(
            artifact_id, row["url"], row["host_group"], row["attempts"], f"Figure {artifact_id}"
        )
        stored = outcome is FetchClass.STORED
        result = FetchOutcome(
            artifact_id=artifact_id,
            url=row["url"],
            group=row["host_group"],
            host=host or f"{row['host_group']}.example",
            outcome=outcome,
            reason=reason or f"because {outcome}",
            status=status or STATUS.get(outcome),
            requests=2,
            started_at=_now() - ago,
            took_ms=120,
            extension="png" if stored else "",
            file=StagedFile(f"{artifact_id}.staged", _sha(artifact_id), 1000) if stored else None,
        )
        await self.figures.record_attempt(figure, result, _verdict(outcome, later), run_id=run_id, epoch=0)

    async def batch(self, run_id: int | None = None, *, commit: str = "c" * 40) -> Batch:
        """Everything staged and condemned, through both stores (git's half is made up)."""
        prepared = await self.figures.prepared(files=100, marks=100)
        operations = [operation_for(figure, PATHS, self.field) for figure in prepared]
        batch = await self.journal.prepare(
            JobName.FIGURES, run_id, operations, base_commit="b" * 40, epoch=0, authorization="APPROVED-1"
        )
        assert batch is not None
        blobs = {o.file.path: "d" * 40 for o in batch.operations if o.file}
        batch = await self.journal.record_commit(batch, Committed(commit, blobs), CommitKind.APPLY, batch.op)
        batch, _ = await self.journal.switch(batch, epoch=0, origin={"operator": "ada", "origin": "here"})
        return await self.journal.finish(batch)

    async def bring_on_again(self, batch: Batch, *, commit: str = "c" * 40) -> Batch:
        """Redo a batch that was taken back."""
        batch = await self.journal.begin_redo(
            batch, base_commit="b" * 40, epoch=0, authorization="APPROVED-1"
        )
        batch = await self.journal.record_commit(batch, Committed(commit, {}), CommitKind.APPLY, batch.op)
        batch, _ = await self.journal.switch(batch, epoch=0, origin={"operator": "ada", "origin": "here"})
        return await self.journal.finish(batch)

    async def take_back(self, batch: Batch) -> Batch:
        """Roll a batch back, in the same way."""
        changed = await self.journal.changed_since(batch, undo=True)
        batch = await self.journal.begin_rollback(batch, keep=changed)
        batch = await self.journal.record_commit(
            batch, Committed("e" * 40, {}), CommitKind.UNDO, batch.undo_op
        )
        batch, _ = await self.journal.restore(batch, epoch=0, origin={"operator": "ada", "origin": "here"})
        return await self.journal.finish_rollback(batch)


def _verdict(outcome: FetchClass, later: bool) -> Verdict:
    if later:
        return Verdict(FigureState.DUE, _now() + timedelta(hours=1))
    batched = {FetchClass.STORED: FigureState.STAGED, FetchClass.DEAD: FigureState.CONDEMNED}
    return Verdict(batched.get(outcome) or FigureState(outcome.value), None)


def _now() -> datetime:
    return datetime.now(UTC)


def _sha(name: str) -> str:
    return name.encode().hex().ljust(64, "0")[:64]
