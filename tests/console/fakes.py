"""A small world for the console: fixed views, a desk that remembers, a feed that is told what to say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from scidex_console.console.app import ConsoleApp
from scidex_console.console.link import Pace
from scidex_console.domain.batches import BatchState, OperationState
from scidex_console.domain.errors import ConsoleError
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.hosts import BreakerState, GateState, Override
from scidex_console.domain.intents import ActionName, Intent, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import Around, Span, Window, join
from scidex_console.domain.runs import RunState
from scidex_console.domain.soak.ladder import Ladder
from scidex_console.engine.batch_views import (
    BatchView,
    LaterBatch,
    OperationView,
    ReversibleBatches,
    RollbackPreview,
)
from scidex_console.engine.handover import AttemptsInPeriod, BatchInPeriod, Handover
from scidex_console.engine.listing_views import (
    ArtifactChange,
    ArtifactDecision,
    ArtifactDetail,
    ArtifactFile,
    ArtifactLink,
    BatchDetail,
    BatchFilter,
    CommitRecordView,
    HostPace,
    LogFilter,
    OperationDetail,
)
from scidex_console.engine.people import ActivityFilter, AuditView, PresenceView
from scidex_console.engine.ports import AttemptFilter, AttemptOrder
from scidex_console.engine.reading.views import ReadersView, ServiceView
from scidex_console.engine.views import (
    AttemptDetail,
    AttemptView,
    EngineView,
    GapView,
    HostView,
    MigrationLogView,
    Overview,
    PlanView,
    RetryPreview,
    RunView,
    StoreIdentity,
)
from tests.console.cleanup_fakes import FakeCleanup
from tests.console.reader_views import READERS, SERVICE
from tests.console.triage_fakes import FakeTriage

NOW = datetime(2026, 3, 14, 3, 12, 45, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    """A moment before the frozen now."""
    return NOW - timedelta(seconds=seconds)


def a_run(state: RunState = RunState.RUNNING, job: JobName = JobName.FIGURES, **changes: Any) -> RunView:
    """A run in a state."""
    run = RunView(7, job, state, None, "item", ago(5400), None, "anna", "nightly window")
    return replace(run, **changes)


def a_gap(run: RunView | None = None, **changes: Any) -> GapView:
    """The figure job in full swing."""
    gap = GapView(
        job=JobName.FIGURES,
        run=run,
        total=4302,
        with_file=15,
        missing=1204,
        due=1150,
        scheduled=54,
        done=241,
        dead=2842,
        transient=61,
        blocked=8,
        suspect=3,
        refused=1,
        mismatch=0,
        in_batch=37,
        held_back=0,
        no_url=12,
        per_minute=tuple((i * 7) % 41 for i in range(30)),
        rate_per_min=38.2,
        eta_s=1890.0,
    )
    return replace(gap, **changes)


FOLDERS_GAP = GapView(
    JobName.FOLDERS, None, 11667, 0, 11667, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (), None, None
)


def a_host(group: str, gate: Mapping[str, Any] | None = None, **changes: Any) -> HostView:
    """A host group that is idle."""
    state = replace(GateState(group, 1.0, 1), **(gate or {}))
    host = HostView(state, 0, 0, 0, 0, 0, 0, 0, 0, None)
    return replace(host, **changes)


HOSTS = (
    a_host(
        "europepmc",
        {"rate": 2.0, "in_flight_limit": 4, "in_flight": 3, "waiting": 2},
        due=903,
        stored=88,
        dead=2611,
        transient=12,
        requests=5532,
    ),
    a_host(
        "ncbi",
        {
            "rate": 2.0,
            "in_flight_limit": 2,
            "hold_until": NOW + timedelta(seconds=95),
            "hold_cause": "429 with Retry-After 120",
            "holds_in_a_row": 1,
        },
        due=121,
        stored=140,
        dead=44,
        transient=9,
        requests=402,
    ),
    a_host(
        "journals.plos.org",
        {
            "breaker": BreakerState.OPEN,
            "breaker_until": NOW + timedelta(seconds=290),
            "failures_in_a_row": 8,
        },
        due=75,
        stored=10,
        transient=33,
        blocked=2,
        requests=98,
    ),
    a_host(
        "static-content.springer.com",
        {
            "rate": 0.5,
            "in_flight": 1,
            "override": Override(
                0.5, None, NOW + timedelta(minutes=118), "anna", "they asked us to slow down"
            ),
        },
        due=40,
        stored=2,
        dead=101,
        suspect=3,
        requests=211,
    ),
    a_host("media.nature.com", due=11, dead=60, blocked=6, refused=1, requests=77),
    a_host("ars.els-cdn.com", dead=26, transient=7, requests=40),
)


def an_attempt(id: int, outcome: FetchClass = FetchClass.DEAD, **changes: Any) -> AttemptView:
    """One attempt at a figure."""
    attempt = AttemptView(
        id=id,
        at=ago(11.0 * id),
        recorded_at=changes.get("at", ago(11.0 * id)),
        artifact_id=f"paper_figure-{id * 7919 % 10**8:08d}-PMC{7000000 + id * 131}",
        title="Figure 1",
        group="europepmc",
        host="europepmc.org",
        url=f"https://europepmc.org/articles/PMC{7000000 + id * 131}/bin/pone.{id:04d}.g00{id % 9 + 1}.jpg",
        outcome=outcome,
        status=404,
        reason="404 confirmed by GET",
        requests=2,
        took_ms=310,
    )
    return replace(attempt, **changes)


DEAD = (
    *(an_attempt(i) for i in range(1, 9)),
    an_attempt(
        9,
        status=410,
        host="static-content.springer.com",
        url="https://static-content.springer.com/image/a.png",
    ),
    *(an_attempt(i) for i in range(10, 31)),
)
ATTEMPTS = tuple(
    an_attempt(
        i,
        outcome,
        at=ago(7.0 * (400 - i)),
        status=status,
        group=group,
        host=host,
        reason=reason,
    )
    for i in range(1, 401)
    for outcome, status, group, host, reason in [
        (
            (FetchClass.DEAD, 404, "europepmc", "europepmc.org", "404 confirmed by GET"),
            (FetchClass.STORED, 200, "ncbi", "www.ncbi.nlm.nih.gov", "image/png, 48,120 bytes"),
            (FetchClass.TRANSIENT, 503, "ncbi", "www.ncbi.nlm.nih.gov", "503, no Retry-After"),
            (FetchClass.BLOCKED, None, "media.nature.com", "media.nature.com", "redirect to a login page"),
        )[i % 4]
    ]
)
"""Four hundred attempts, the newest with the largest id."""
ERRORS = (
    MigrationLogView(
        31, ago(62), "analysis-9f3a77aa-0001", "failed", "hash mismatch: expected 9c1e… found 77ab…", 41
    ),
    MigrationLogView(30, ago(600), "notebook-12", "skipped", "file is missing on disk", None),
)
ENGINE = EngineView(
    state="running",
    holder="4242@scidex-worker",
    epoch=7,
    started_at=ago(5400),
    heartbeat_at=ago(2),
    heartbeat_age_s=2.0,
    version="0.1.0",
    writes=True,
    authorization="DEMO-0000",
    environment="demo",
    note="batch 12 settled: 88 files, 12 marks",
)
IDENTITY = StoreIdentity("scidex", "16.4", "anna", True, 1, "file_path")
BATCH = BatchView(
    id=12,
    uid="6c0f7d3e",
    job=JobName.FIGURES,
    run_id=7,
    state=BatchState.CLEANED,
    commit="4f1c2d9aa0",
    inverse_commit="",
    created_at=ago(120),
    settled_at=ago(118),
    files=3,
    marks=2,
    skipped=0,
    conflicts=0,
    authorization="DEMO-0000",
)


def an_intent(id: int = 40, **changes: Any) -> Intent:
    """A settled pause of a colleague."""
    intent = Intent(
        id=id,
        action=ActionName.PAUSE,
        job=JobName.FIGURES,
        params={},
        state=IntentState.DONE,
        operator="bob",
        origin="ssh 10.0.0.7",
        reason="lunch",
        requested_at=ago(700),
        outcome="paused after 37 items",
        settled_at=ago(690),
    )
    return replace(intent, **changes)


def an_overview(**changes: Any) -> Overview:
    """A healthy run."""
    overview = Overview(
        taken_at=NOW,
        identity=IDENTITY,
        engine=ENGINE,
        gaps=(a_gap(a_run()), FOLDERS_GAP),
        hosts=HOSTS,
        dead=DEAD,
        errors=ERRORS,
        intents=(an_intent(),),
        last_batch=BATCH,
        reversible=(ReversibleBatches(JobName.FIGURES, 12, 11),),
    )
    return replace(overview, **changes)


def with_run(state: RunState, **changes: Any) -> Overview:
    """The overview with the figure run in a state."""
    return an_overview(gaps=(a_gap(a_run(state, **changes)), FOLDERS_GAP))


def production(overview: Overview | None = None) -> Overview:
    """The same in production, with writes on."""
    overview = overview or an_overview()
    return replace(overview, engine=replace(ENGINE, environment="production", authorization="CHG-2291"))


def observing(overview: Overview | None = None) -> Overview:
    """The same with an engine that only observes."""
    overview = overview or an_overview()
    return replace(overview, engine=replace(ENGINE, writes=False, authorization=""))


def an_operation(number: int, **changes: Any) -> OperationView:
    """One row and file of the batch."""
    operation = OperationView(
        artifact_id=f"paper_figure-{number:04d}",
        state=OperationState.DONE,
        path=f"figures/paper_figure-{number:04d}.jpg",
        sha256="ab" * 32,
        size=51_200 + number,
        fields=("file_path", "metadata.file_sha256", "metadata.file_size_bytes"),
    )
    return replace(operation, **changes)


def a_rollback(*, redo: bool = False, token: str = "9f00aa11bb22", refused: int = 1) -> RollbackPreview:
    """What taking batch 12 back would do."""
    return RollbackPreview(
        batch=replace(BATCH, state=BatchState.ROLLED_BACK) if redo else BATCH,
        redo=redo,
        commits=("4f1c2d9 Store 3 figures and mark 2 dead",),
        paths=tuple(f"figures/paper_figure-{i:04d}.jpg" for i in (1, 2, 3)),
        operations=(
            *(an_operation(i) for i in (1, 2, 3)),
            an_operation(
                4, path="", size=None, fields=("metadata.image_unavailable", "metadata.image_404_at")
            ),
        ),
        refused=tuple(
            an_operation(5 + i, reason="file_path was changed by another at 03:02") for i in range(refused)
        ),
        token=token,
    )


def a_retry(criteria: AttemptFilter, *, count: int = 3, token: str = "1234567890ab") -> RetryPreview:
    """The rows a retry would make due."""
    items = tuple(
        an_attempt(
            100 + i,
            FetchClass.DEAD
            if criteria.outcome == "held_back"
            else FetchClass(criteria.outcome or "transient"),
            group=criteria.group or ("europepmc", "ncbi")[i % 2],
            status=503,
            reason="503 from the server, no Retry-After",
        )
        for i in range(count)
    )
    filters = {k: v for k, v in (("group", criteria.group), ("outcome", criteria.outcome)) if v}
    return RetryPreview(JobName.FIGURES, filters, items, token)


def an_act(id: int = 90, **changes: Any) -> AuditView:
    """A colleague's pause, as the audit has it."""
    act = AuditView(
        id=id,
        at=ago(690),
        operator="bob",
        origin="ssh 10.0.0.7 311@gate",
        reason="lunch",
        version="0.1.0",
        authorization="DEMO-0000",
        epoch=7,
        action="intent:pause",
        job=JobName.FIGURES,
        intent_id=40,
        run_id=None,
        batch_id=None,
        op="",
        before={"state": "running", "steps_left": None},
        after={"params": {}, "result": {"state": "paused", "steps_left": None}},
        outcome="done: paused after 37 items",
    )
    return replace(act, **changes)


ACTS = (
    an_act(
        93,
        at=ago(30),
        operator="anna",
        origin="ssh 10.0.0.5 4242@gate",
        action="intent:throttle",
        job=None,
        reason="429s since 02:40",
        before={"rate": 2.0, "in_flight": 4},
        after={"params": {"group": "europepmc", "rate": 0.5}, "result": {"rate": 0.5, "in_flight": 4}},
        outcome="done: europepmc is throttled to 0.5/s until 05:12",
    ),
    an_act(
        92,
        at=ago(400),
        operator="engine",
        origin="",
        action="run:halt",
        reason="",
        run_id=7,
        before={"state": "running"},
        after={"state": "halted"},
        outcome="disk full on /srv/scidex",
    ),
    an_act(91, at=ago(500), action="intent:rollback", batch_id=11, reason="looks wrong"),
    an_act(),
)
PRESENT = (
    PresenceView("anna", "anna", "ssh 10.0.0.5", 4242, "overview", ago(3000), ago(4), ago(20)),
    PresenceView("scidex_viewer", "", "ssh 10.0.0.9", 77, "hosts", ago(9000), ago(9), ago(9), read_only=True),
)


def a_handover(since: datetime, until: datetime, **changes: Any) -> Handover:
    """A shift with a halt, a batch taken back and some answers."""
    note = Handover(
        since=since,
        until=until,
        now=an_overview(),
        runs=(a_run(),),
        batches=(
            BatchInPeriod(
                11, JobName.FIGURES, BatchState.ROLLED_BACK, "1" * 40, "2" * 40, ago(900), ago(500), 4, 1, ""
            ),
            BatchInPeriod(
                12, JobName.FIGURES, BatchState.CLEANED, "3" * 40, "", ago(120), ago(118), 5, 0, "pushed"
            ),
        ),
        attempts=(
            AttemptsInPeriod("europepmc", FetchClass.STORED, 40, 80, 0),
            AttemptsInPeriod("europepmc", FetchClass.TRANSIENT, 6, 12, 2),
        ),
        acts=ACTS,
    )
    return replace(note, **changes)


class _Row(Protocol):
    @property
    def id(self) -> int: ...


R = TypeVar("R", bound=_Row)


def a_window(newest_first: Sequence[R], around: Around, span: Span) -> Window[R]:
    """A window of a list, as a database gives it."""
    pairs = [((row.id,), row) for row in newest_first]
    if around.last:
        return join(pairs[::-1][: span.before + span.after], [], around, span)
    if around.key is None:
        return join([], pairs[: span.after], around, span)
    before = [pair for pair in pairs[::-1] if pair[0] > around.key]
    after = [pair for pair in pairs if pair[0] <= around.key]
    return join(before[: span.before], after[: span.after], around, span)


PACE = (
    ("europepmc", tuple((i * 37) % 130 for i in range(60))),
    ("ncbi", (*[110] * 40, *[0] * 20)),
)


def a_batch_detail(batch: BatchView) -> BatchDetail:
    """One batch whole."""
    operation = OperationDetail(
        an_operation(1, fields=("file_path", "metadata.file_sha256")),
        {"file_path": None},
        {"file_path": "figures/paper_figure-0001.jpg", "metadata.file_sha256": "ab" * 32},
    )
    refused = OperationDetail(
        an_operation(2, state=OperationState.CONFLICT, reason="file_path was changed by another", fields=()),
        {},
        {},
    )
    commits = (CommitRecordView("6c0f7d3e", "apply", batch.commit, ago(119)),)
    return BatchDetail(batch, (operation, refused), commits, (LaterBatch(14, 3),))


def an_artifact(artifact_id: str, **changes: Any) -> ArtifactDetail:
    """One artifact whole."""
    detail = ArtifactDetail(
        artifact_id=artifact_id,
        row={
            "id": artifact_id,
            "artifact_type": "analysis",
            "title": "Lung cells \u202e reversed",
            "file_path": "analyses/9f3a.json",
            "metadata": {"sha256": "9c1e"},
        },
        files=(
            ArtifactFile("manifest", f"{artifact_id}/manifest.json", 512, "cd" * 32, ""),
            ArtifactFile("moved", f"{artifact_id}/9f3a.json", 48_120, "ab" * 32, "analyses/9f3a.json"),
        ),
        links=(ArtifactLink(artifact_id, "dataset-7", "derived_from"),),
        changes=(
            ArtifactChange(
                12, "folders", "conflict", "cleaned", "4f1c2d9aa0", ago(300), "metadata changed meanwhile"
            ),
        ),
        decisions=(ArtifactDecision(3, "accept", "bob", ago(200), "checked by eye", "applied", ""),),
        attempts=(an_attempt(9),),
        log=ERRORS[:1],
        audit=(an_act(91, action="batch:apply", batch_id=12),),
    )
    return replace(detail, **changes)


def a_detail(attempt: AttemptView, **changes: Any) -> AttemptDetail:
    """One attempt whole."""
    detail = AttemptDetail(
        attempt=attempt,
        run_id=7,
        final_url="https://europepmc.org/error/not-found",
        size=None,
        sha256="",
        media_type="text/html",
        figure_state="due",
        figure_due_at=ago(-300),
        figure_attempts=2,
        row_type="paper_figure",
        row_title="Figure 1. Overview of the pipeline",
        row_path="",
        row_unavailable=False,
        others=(replace(attempt, id=attempt.id + 500, reason="503 from the server"),),
    )
    return replace(detail, **changes)


class FakeRead:
    """A read model that gives what it was told, or fails as it was told."""

    def __init__(self, overview: Overview | None = None) -> None:
        self.shown = overview or an_overview()
        self.fails: Exception | None = None
        self.preview_fails: ConsoleError | None = None
        self.readings = 0
        self.asked: list[tuple[int, int, int]] = []
        self.rollback = a_rollback()
        self.redo = a_rollback(redo=True)
        self.retry_rows = 3
        self.retry_token = "1234567890ab"
        self.rows = (BATCH, replace(BATCH, id=11, state=BatchState.ROLLED_BACK))
        self.intents: dict[int, Intent] = {}
        self.listed: Sequence[AttemptView] = ATTEMPTS
        self.logged: Sequence[MigrationLogView] = ERRORS
        self.log_filters: list[LogFilter] = []
        self.batch_filters: list[BatchFilter] = []
        self.windows: list[tuple[AttemptFilter, AttemptOrder, Around]] = []
        self.ladder: Ladder | None = None
        """What `soak` gives; None: that of the overview."""
        self.artifact_changes: dict[str, Any] = {}
        self.acts: list[AuditView] = list(ACTS)
        self.activity_asked: list[ActivityFilter] = []
        self.readers_view = READERS
        self.service_view = SERVICE

    async def overview(self, *, dead: int = 50, errors: int = 50, sparkline_minutes: int = 30) -> Overview:
        self.readings += 1
        self.asked.append((dead, errors, sparkline_minutes))
        await asyncio.sleep(0)
        if self.fails:
            raise self.fails
        return self.shown

    async def batches(
        self, job: JobName | None, *, limit: int, before_id: int | None = None
    ) -> Sequence[BatchView]:
        self._maybe_fail()
        return self.rows[:limit]

    async def rollback_preview(self, batch_id: int, *, redo: bool) -> RollbackPreview:
        self._maybe_fail()
        if self.preview_fails:
            raise self.preview_fails
        preview = self.redo if redo else self.rollback
        return replace(preview, batch=replace(preview.batch, id=batch_id))

    async def retry_preview(self, job: JobName, criteria: AttemptFilter) -> RetryPreview:
        self._maybe_fail()
        return a_retry(criteria, count=self.retry_rows, token=self.retry_token)

    async def intent(self, intent_id: int) -> Intent | None:
        self._maybe_fail()
        return self.intents.get(intent_id)

    async def soak(self) -> Ladder:
        self._maybe_fail()
        found = self.ladder or self.shown.soak
        assert found is not None
        return found

    async def readers(self, *, minutes: int) -> ReadersView:
        self._maybe_fail()
        return self.readers_view

    async def service(self, *, minutes: int) -> ServiceView:
        self._maybe_fail()
        return self.service_view

    def _maybe_fail(self) -> None:
        if self.fails:
            raise self.fails

    # What the overview never asks.

    async def identity(self) -> StoreIdentity:
        return self.shown.identity

    async def engine(self) -> EngineView | None:
        return self.shown.engine

    async def run(self, job: JobName) -> RunView | None:
        return next((gap.run for gap in self.shown.gaps if gap.job == job), None)

    async def hosts(self) -> Sequence[HostView]:
        return self.shown.hosts

    async def attempts(
        self, criteria: AttemptFilter, *, limit: int, before_id: int | None = None
    ) -> Sequence[AttemptView]:
        return self.shown.dead[:limit]

    async def migration_log_window(
        self, criteria: LogFilter, around: Around, span: Span
    ) -> Window[MigrationLogView]:
        self._maybe_fail()
        self.log_filters.append(criteria)
        rows = [r for r in self.logged if not criteria.statuses or r.status in criteria.statuses]
        return a_window(rows, around, span)

    async def artifact(self, artifact_id: str) -> ArtifactDetail:
        self._maybe_fail()
        return an_artifact(artifact_id, **self.artifact_changes)

    async def host_pace(self, *, minutes: int) -> HostPace:
        self._maybe_fail()
        return HostPace(NOW, tuple((group, counts[-minutes:]) for group, counts in PACE))

    async def batch_window(self, criteria: BatchFilter, around: Around, span: Span) -> Window[BatchView]:
        self._maybe_fail()
        self.batch_filters.append(criteria)
        rows = [b for b in self.rows if not criteria.states or b.state in criteria.states]
        return a_window(rows, around, span)

    async def batch_detail(self, batch_id: int) -> BatchDetail | None:
        self._maybe_fail()
        batch = next((b for b in self.rows if b.id == batch_id), None)
        return batch and a_batch_detail(batch)

    async def attempt_window(
        self, criteria: AttemptFilter, order: AttemptOrder, around: Around, span: Span
    ) -> Window[AttemptView]:
        self._maybe_fail()
        self.windows.append((criteria, order, around))
        rows = [row for row in self.listed if not criteria.outcome or row.outcome in criteria.outcome]
        return a_window(sorted(rows, key=lambda row: -row.id), around, span)

    async def attempt(self, attempt_id: int) -> AttemptDetail | None:
        self._maybe_fail()
        found = next((row for row in self.listed if row.id == attempt_id), None)
        return found and a_detail(found)

    async def migration_log(
        self, criteria: LogFilter, *, limit: int, before_id: int | None = None
    ) -> Sequence[MigrationLogView]:
        return self.shown.errors[:limit]

    async def batch(self, batch_id: int) -> BatchView | None:
        return next((batch for batch in self.rows if batch.id == batch_id), None)

    async def operations(self, batch_id: int) -> Sequence[OperationView]:
        return self.rollback.operations

    async def plan(self, job: JobName, *, limit: int) -> PlanView:
        return PlanView(job, self.shown.gaps[0], ())

    async def report(self, job: JobName, run_id: int | None) -> Mapping[str, Any]:
        return {}

    async def activity_window(
        self, criteria: ActivityFilter, around: Around, span: Span
    ) -> Window[AuditView]:
        self._maybe_fail()
        self.activity_asked.append(criteria)
        found = [act for act in self.acts if criteria.text.lower() in f"{act.operator} {act.action}"]
        found = [act for act in found if criteria.everything or act.operator != "engine"]
        return Window(tuple(found), tuple((act.at, act.id) for act in found))

    async def handover(self, since: datetime, until: datetime) -> Handover:
        self._maybe_fail()
        return a_handover(since, until, now=self.shown, acts=tuple(self.acts))


class FakeDesk:
    """An intent desk that remembers what it was asked."""

    def __init__(self) -> None:
        self.submitted: list[tuple[str, JobName | None, dict[str, Any], str]] = []
        self.cancelled: list[int] = []
        self.fails: ConsoleError | None = None

    async def submit(
        self, action: str, job: JobName | None, params: Mapping[str, Any], *, reason: str
    ) -> Intent:
        if self.fails:
            raise self.fails
        self.submitted.append((action, job, dict(params), reason))
        return an_intent(
            40 + len(self.submitted),
            action=ActionName(action),
            job=job,
            params=dict(params),
            state=IntentState.REQUESTED,
            operator="anna",
            reason=reason,
            requested_at=NOW,
            outcome="",
            settled_at=None,
        )

    async def cancel(self, intent_id: int) -> None:
        if self.fails:
            raise self.fails
        self.cancelled.append(intent_id)


class FakeFeed:
    """A feed that says what it is told."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[frozenset[str] | Exception] = asyncio.Queue()

    def tell(self, *topics: str) -> None:
        self.queue.put_nowait(frozenset(topics))

    async def topics(self) -> AsyncIterator[frozenset[str]]:
        while True:
            item = await self.queue.get()
            if isinstance(item, Exception):
                raise item
            yield item


class FakeTime:
    """Monotonic seconds that pass only when told."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def passes(self, seconds: float) -> None:
        self.seconds += seconds


class World:
    """Everything a console test needs, wired together."""

    def __init__(self, overview: Overview | None = None, **options: Any) -> None:
        self.read = FakeRead(overview)
        self.desk = FakeDesk()
        self.feed = FakeFeed()
        self.triage = FakeTriage()
        self.cleanup = FakeCleanup()
        self.time = FakeTime()
        pace = Pace(at_most_every=0.001, poll_every=60.0, retry_after=0.001)
        self.app = ConsoleApp(
            self.read,
            self.desk,
            self.feed,
            lambda: self.triage,
            lambda: self.cleanup,
            monotonic=self.time,
            **{"pace": pace, **options},
        )
