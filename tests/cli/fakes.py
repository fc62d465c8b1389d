"""A small hand-written world behind the command line: what it shows, what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scidex_console.demo.options import DemoOptions
from scidex_console.domain.batches import BatchState, OperationState
from scidex_console.domain.bearers import TokenView
from scidex_console.domain.checks import Finding, Invariant, VerifyReport
from scidex_console.domain.errors import Refused
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.folders.orphans import Orphan, OrphanPage
from scidex_console.domain.hosts import GateState
from scidex_console.domain.intents import SETTLED, ActionName, Intent, IntentState
from scidex_console.domain.jobs import JobName
from scidex_console.domain.paging import Around, Span, Window
from scidex_console.domain.rescue import RescueTrial
from scidex_console.domain.runs import RunState
from scidex_console.domain.soak.ladder import Ladder, read_ladder
from scidex_console.domain.soak.records import SoakRecord
from scidex_console.engine.batch_views import BatchView, OperationView, RollbackPreview
from scidex_console.engine.handover import Handover
from scidex_console.engine.listing_views import LogFilter
from scidex_console.engine.people import ActivityFilter, AuditView
from scidex_console.engine.ports import AttemptFilter, Repacked
from scidex_console.engine.reading.views import ReadersView, ServiceView
from scidex_console.engine.views import (
    AttemptDetail,
    AttemptView,
    EngineView,
    GapView,
    HostView,
    MigrationLogView,
    Overview,
    PlanItem,
    PlanView,
    RetryPreview,
    RunView,
    StoreIdentity,
)
from scidex_console.settings import Settings
from tests.console.reader_views import READERS, SERVICE
from tests.console.triage_fakes import FakeTriage

NOW = datetime(2026, 5, 19, 20, 30, tzinfo=UTC)


def engine(**changed: Any) -> EngineView:
    alive = EngineView(
        state="running",
        holder="812@db1",
        epoch=4,
        started_at=NOW - timedelta(hours=1),
        heartbeat_at=NOW,
        heartbeat_age_s=0.8,
        version="0.1.0",
        writes=True,
        authorization="CR-17",
        environment="staging",
        note="recovered 3 operations",
    )
    return replace(alive, **changed)


def run(**changed: Any) -> RunView:
    going = RunView(
        id=3,
        job=JobName.FIGURES,
        state=RunState.RUNNING,
        steps_left=None,
        step_unit="item",
        started_at=NOW - timedelta(minutes=30),
        finished_at=None,
        operator="alice",
        reason="recovery",
    )
    return replace(going, **changed)


def gap(**changed: Any) -> GapView:
    counts = GapView(
        job=JobName.FIGURES,
        run=run(),
        total=4302,
        with_file=115,
        missing=3000,
        due=2900,
        scheduled=60,
        done=100,
        dead=1187,
        transient=40,
        blocked=3,
        suspect=0,
        refused=0,
        mismatch=0,
        in_batch=12,
        held_back=0,
        no_url=0,
        per_minute=(0, 5, 12),
        rate_per_min=12.4,
        eta_s=14520.7,
    )
    return replace(counts, **changed)


def host(**changed: Any) -> HostView:
    gate = GateState("europepmc", rate=2.0, in_flight_limit=4, in_flight=3, **changed)
    return HostView(gate, 2000, 60, 1100, 20, 1, 0, 0, 1300, NOW)


def in_group(name: str, **changed: Any) -> HostView:
    """A host group of that name, open and at rest unless changed."""
    view = host()
    return replace(view, gate=replace(view.gate, group=name, in_flight=0, **changed))


def attempt(number: int, **changed: Any) -> AttemptView:
    one = AttemptView(
        id=number,
        at=NOW - timedelta(minutes=number),
        recorded_at=NOW - timedelta(minutes=number),
        artifact_id=f"figure-{number}",
        title="A title",
        group="europepmc",
        host="europepmc.org",
        url=f"https://europepmc.org/{number}.jpg",
        outcome=FetchClass.TRANSIENT,
        status=503,
        reason="503 Service Unavailable",
        requests=2,
        took_ms=130,
    )
    return replace(one, **changed)


def attempt_whole(view: AttemptView, **changed: Any) -> AttemptDetail:
    """All about one attempt."""
    detail = AttemptDetail(
        attempt=view,
        run_id=3,
        final_url=view.url,
        size=None,
        sha256="",
        media_type="",
        figure_state="transient",
        figure_due_at=None,
        figure_attempts=1,
        row_type="paper_figure",
        row_title="A title",
        row_path="",
        row_unavailable=False,
    )
    return replace(detail, **changed)


def batch(number: int = 8, **changed: Any) -> BatchView:
    one = BatchView(
        id=number,
        uid="6f1c2b0e-0000-4000-8000-000000000008",
        job=JobName.FIGURES,
        run_id=3,
        state=BatchState.CLEANED,
        commit="0123456789abcdef0123456789abcdef01234567",
        inverse_commit="",
        created_at=NOW,
        settled_at=NOW,
        files=2,
        marks=1,
        skipped=0,
        conflicts=0,
        authorization="CR-17",
        push="pushed",
    )
    return replace(one, **changed)


def operation(number: int, **changed: Any) -> OperationView:
    one = OperationView(
        artifact_id=f"figure-{number}",
        state=OperationState.DONE,
        path=f"figures/figure-{number}.png",
        sha256="ab" * 32,
        size=1000,
        fields=("file_path", "metadata.file_sha256"),
    )
    return replace(one, **changed)


def intent(**changed: Any) -> Intent:
    one = Intent(
        id=21,
        action=ActionName.PAUSE,
        job=JobName.FIGURES,
        params={},
        state=IntentState.REQUESTED,
        operator="alice",
        origin="local 99@desk",
        reason="",
        requested_at=NOW,
    )
    return replace(one, **changed)


CLASSES = ("transient", "blocked", "suspect", "refused")
COUNTS = ("attempted", "fetched", "hard_404", "marked", *CLASSES, "requests")


@dataclass
class FakeRead:
    """A read model that shows what it was given."""

    engine_view: EngineView | None = field(default_factory=engine)
    last_run: RunView | None = field(default_factory=run)
    gap_view: GapView = field(default_factory=gap)
    held_back: tuple[PlanItem, ...] = ()
    host_views: list[HostView] = field(default_factory=lambda: [host()])
    attempt_views: list[AttemptView] = field(default_factory=lambda: [attempt(n) for n in (1, 2)])
    attempt_details: dict[int, AttemptDetail] = field(default_factory=dict)
    batch_views: list[BatchView] = field(
        default_factory=lambda: [batch(), batch(7, state=BatchState.ROLLED_BACK)]
    )
    log_views: list[MigrationLogView] = field(default_factory=list)
    retry_items: tuple[AttemptView, ...] = (attempt(1), attempt(2))
    retry_token: str = "aaaaaaaaaaaa"
    rollback_token: str = "bbbbbbbbbbbb"
    refused_operations: tuple[OperationView, ...] = ()
    acts: list[AuditView] = field(default_factory=list)
    ladder: Ladder = field(default_factory=lambda: read_ladder(SoakRecord(now=NOW)))
    readers_view: ReadersView = READERS
    service_view: ServiceView = SERVICE
    settling: list[Intent] = field(default_factory=list)
    """What `intent` answers, one after the other; the last one again and again."""
    asked: list[Any] = field(default_factory=list)

    async def identity(self) -> StoreIdentity:
        return StoreIdentity("scidex", "18.4", "alice", True, 4, "file_path")

    async def readers(self, *, minutes: int) -> ReadersView:
        self.asked.append(minutes)
        return self.readers_view

    async def service(self, *, minutes: int) -> ServiceView:
        self.asked.append(minutes)
        return self.service_view

    async def soak(self) -> Ladder:
        return self.ladder

    async def overview(self, *, dead: int = 50, errors: int = 50, sparkline_minutes: int = 30) -> Overview:
        return Overview(
            taken_at=NOW,
            identity=await self.identity(),
            engine=self.engine_view,
            gaps=(self.gap_view,),
            hosts=tuple(self.host_views),
            soak=self.ladder,
            dead=(),
            errors=(),
            intents=(intent(state=IntentState.WAITING, waits_on="3 requests under way"),),
            last_batch=self.batch_views[0] if self.batch_views else None,
        )

    async def engine(self) -> EngineView | None:
        return self.engine_view

    async def run(self, job: JobName) -> RunView | None:
        return self.last_run

    async def hosts(self) -> Sequence[HostView]:
        return self.host_views

    async def attempts(
        self, criteria: AttemptFilter, *, limit: int, before_id: int | None = None
    ) -> Sequence[AttemptView]:
        self.asked.append((criteria, limit, before_id))
        return self.attempt_views[:limit]

    async def attempt(self, attempt_id: int) -> AttemptDetail | None:
        return self.attempt_details.get(attempt_id)

    async def migration_log(
        self, criteria: LogFilter, *, limit: int, before_id: int | None = None
    ) -> Sequence[MigrationLogView]:
        self.asked.append((criteria, limit, before_id))
        return self.log_views

    async def batches(
        self, job: JobName | None, *, limit: int, before_id: int | None = None
    ) -> Sequence[BatchView]:
        self.asked.append((job, limit, before_id))
        return [view for view in self.batch_views if before_id is None or view.id < before_id][:limit]

    async def batch(self, batch_id: int) -> BatchView | None:
        return next((view for view in self.batch_views if view.id == batch_id), None)

    async def operations(self, batch_id: int) -> Sequence[OperationView]:
        return (operation(1), operation(2))

    async def plan(self, job: JobName, *, limit: int) -> PlanView:
        items = (PlanItem("figure-9", "europepmc", "https://europepmc.org/9.jpg", "due", NOW),)
        return PlanView(job, self.gap_view, items[:limit], held_back=self.held_back[:limit])

    async def retry_preview(self, job: JobName, criteria: AttemptFilter) -> RetryPreview:
        self.asked.append(criteria)
        filters = {"group": criteria.group} if criteria.group else {}
        return RetryPreview(job, filters, self.retry_items, self.retry_token)

    async def rollback_preview(self, batch_id: int, *, redo: bool) -> RollbackPreview:
        found = await self.batch(batch_id)
        if found is None:
            raise Refused(f"there is no batch {batch_id}")
        return RollbackPreview(
            batch=found,
            redo=redo,
            commits=(found.commit,),
            paths=("figures/figure-1.png", "figures/figure-2.png"),
            operations=(operation(1), operation(2)),
            refused=self.refused_operations,
            token=self.rollback_token,
        )

    async def report(self, job: JobName, run_id: int | None) -> Mapping[str, Any]:
        counts = dict(zip(COUNTS, (60, 10, 41, 40, 5, 1, 2, 1, 99), strict=True))
        return {
            "job": job.value,
            "run": run_id,
            "from": "2026-05-19T20:00:00+00:00",
            "to": "2026-05-19T20:30:00+00:00",
            "totals": counts,
            "batches": {"done": 2, "taken_back": 0},
            "hosts": [{"group": "europepmc", "host": "europepmc.org", **counts}],
        }

    async def activity_window(
        self, criteria: ActivityFilter, around: Around, span: Span
    ) -> Window[AuditView]:
        self.asked.append((criteria, around, span))
        keys = [(act.at, act.id) for act in self.acts]
        begin = keys.index(around.key) if around.key else 0
        end = begin + span.after
        return Window(tuple(self.acts[begin:end]), tuple(keys[begin:end]), to_last=end >= len(keys))

    async def handover(self, since: datetime, until: datetime) -> Handover:
        now = await self.overview()
        return Handover(since, until, now, (run(),), (), (), tuple(self.acts))

    async def intent(self, intent_id: int) -> Intent | None:
        return self.settling.pop(0) if len(self.settling) > 1 else self.settling[0]


@dataclass
class FakeDesk:
    """Remembers what was submitted; its intent stays as it is."""

    first: Intent = field(default_factory=intent)
    submitted: list[tuple[str, JobName | None, dict[str, Any], str]] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)

    async def submit(
        self, action: str, job: JobName | None, params: Mapping[str, Any], *, reason: str
    ) -> Intent:
        self.submitted.append((str(action), job, dict(params), reason))
        return replace(self.first, action=ActionName(action), job=job, params=dict(params), reason=reason)

    async def cancel(self, intent_id: int) -> None:
        if self.first.state in SETTLED:
            raise Refused(f"intent {intent_id} is {self.first.state} already: {self.first.outcome}")
        self.cancelled.append(intent_id)


class FakeFeed:
    """News all the time, so that nothing in a test waits for the slow poll."""

    async def topics(self) -> AsyncIterator[frozenset[str]]:
        while True:
            yield frozenset({"intent"})
            await asyncio.sleep(0.002)


@dataclass
class FakeTokens:
    """Keeps hashes of tokens by name."""

    kept: dict[str, TokenView] = field(default_factory=dict)
    digests: list[bytes] = field(default_factory=list)

    async def create(self, name: str, digest: bytes, *, reason: str) -> bool:
        if name in self.kept:
            return False
        self.kept[name] = TokenView(name, NOW, "ada", reason, None, "")
        self.digests.append(digest)
        return True

    async def revoke(self, name: str, *, reason: str) -> bool:
        del reason
        return self.kept.pop(name, None) is not None

    async def tokens(self) -> Sequence[TokenView]:
        return list(self.kept.values())


@dataclass
class FakeReaders:
    read: FakeRead = field(default_factory=FakeRead)
    desk: FakeDesk = field(default_factory=FakeDesk)
    feed: FakeFeed = field(default_factory=FakeFeed)
    triage: FakeTriage = field(default_factory=FakeTriage)
    tokens: FakeTokens = field(default_factory=FakeTokens)


@dataclass(frozen=True)
class FakeVersion:
    version: int
    name: str
    applied_at: datetime | None
    applied_by: str = ""
    changed: bool = False


@dataclass(frozen=True)
class FakeStatus:
    versions: tuple[FakeVersion, ...]
    server_version: str = "18.4"
    needed: int = 2

    @property
    def current(self) -> bool:
        return all(version.applied_at for version in self.versions)


@dataclass
class FakeSchema:
    """A schema with one version applied and one pending, until told otherwise."""

    versions: tuple[FakeVersion, ...] = (
        FakeVersion(1, "artifact_folders", NOW, "bob"),
        FakeVersion(2, "console", None),
    )
    reverted_with: list[bool] = field(default_factory=list)

    async def status(self) -> FakeStatus:
        return FakeStatus(self.versions)

    async def apply(self) -> Sequence[FakeVersion]:
        pending = tuple(version for version in self.versions if not version.applied_at)
        self.versions = tuple(
            replace(version, applied_at=version.applied_at or NOW) for version in self.versions
        )
        return pending

    async def revert(self, *, lose_migrated_state: bool = False) -> Sequence[FakeVersion]:
        self.reverted_with.append(lose_migrated_state)
        if not lose_migrated_state:
            raise Refused("12 migrated artifacts would be lost", fix="--lose-migrated-state")
        return self.versions[:1]


@dataclass
class FakeServices:
    """Everything a command calls."""

    connected: FakeReaders = field(default_factory=FakeReaders)
    runner: FakeSchema = field(default_factory=FakeSchema)
    invariants: tuple[Invariant, ...] = (Invariant("I1", "every row's path opens", True, 115),)
    findings: tuple[Finding, ...] = (Finding("database", True, "PostgreSQL 18.4"),)
    orphans: Sequence[Orphan] = ()
    rescue: RescueTrial = field(default_factory=lambda: RescueTrial(0, ()))
    called: list[tuple[Any, ...]] = field(default_factory=list)
    fails: Exception | None = None
    exit_code: int = 0

    @asynccontextmanager
    async def readers(self, settings: Settings, role: str = "cli") -> AsyncIterator[FakeReaders]:
        if self.fails:
            raise self.fails
        yield self.connected

    @asynccontextmanager
    async def schema(self, settings: Settings) -> AsyncIterator[FakeSchema]:
        yield self.runner

    async def run_engine(self, settings: Settings, jobs: frozenset[JobName], until_idle: bool) -> int:
        self.called.append(("engine", jobs, until_idle))
        if self.fails:
            raise self.fails
        return self.exit_code

    def run_console(self, settings: Settings, read_only: bool, program: str) -> int:
        self.called.append(("console", read_only, program))
        return self.exit_code

    def run_in_browser(self, settings: Settings, port: int, write: bool, program: str) -> int:
        self.called.append(("browser", port, write, program))
        return self.exit_code

    def run_service(self, settings: Settings, host: str | None, port: int | None) -> int:
        self.called.append(("service", host, port))
        return self.exit_code

    async def notify(self, settings: Settings, text: str) -> str:
        self.called.append(("notify", text))
        return "it ended with 3"

    async def verify(self, settings: Settings) -> VerifyReport:
        return VerifyReport(self.invariants)

    async def maintain(self, settings: Settings) -> Repacked:
        self.called.append(("maintain",))
        return Repacked(before=3 * 1024 * 1024, after=1024 * 1024)

    async def list_orphans(self, settings: Settings, *, limit: int, after: str) -> OrphanPage:
        self.called.append(("list_orphans", limit, after))
        found = [orphan for orphan in self.orphans if orphan.path > after]
        more = len(found) > limit
        return OrphanPage(len(self.orphans), found[:limit], found[limit - 1].path if more else None)

    async def try_rescue(
        self, settings: Settings, *, sample: int, tell: Callable[[Intent], None]
    ) -> RescueTrial:
        self.called.append(("try_rescue", sample))
        for waits_on in ("", "2 addresses tried so far", "2 addresses tried so far"):
            tell(intent(action=ActionName.RESCUE, params={"sample": sample}, waits_on=waits_on))
        return self.rescue

    async def doctor(self, settings: Settings, config_file: Path | None = None) -> Sequence[Finding]:
        self.called.append(("doctor", config_file))
        return self.findings

    def run_demo(self, options: DemoOptions, program: str) -> int:
        self.called.append(("demo", options, program))
        return self.exit_code
