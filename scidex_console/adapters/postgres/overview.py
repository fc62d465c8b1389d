"""Everything the overview shows, read as of one moment."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from scidex_console.adapters.postgres.attempts import attempt_view, migration_log_view
from scidex_console.adapters.postgres.batches import batch_params, batch_view
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.folder_gap import FolderCounts
from scidex_console.adapters.postgres.forecasts import Forecasts
from scidex_console.adapters.postgres.gaps import (
    MOST_HELD_BACK,
    MOST_SCHEDULED,
    RECENT_MINUTES,
    due_by_group,
    figures_gap,
    read_pace,
)
from scidex_console.adapters.postgres.gates import gate_state
from scidex_console.adapters.postgres.identity import identity_view
from scidex_console.adapters.postgres.intents import intent_view
from scidex_console.adapters.postgres.people import LAPSES_AFTER_S, audit_view, present_views
from scidex_console.adapters.postgres.runs import run_view
from scidex_console.adapters.postgres.snapshot import Row, Rows, ask, snapshot
from scidex_console.adapters.postgres.soak import QUESTIONS as SOAK_QUESTIONS
from scidex_console.adapters.postgres.soak import soak_record
from scidex_console.adapters.postgres.writer_queue import writer_views
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.jobs import JobName
from scidex_console.domain.pacing.forecast import Forecast
from scidex_console.domain.runs import WORKING
from scidex_console.domain.soak.ladder import read_ladder
from scidex_console.engine.batch_views import ReversibleBatches
from scidex_console.engine.listing_views import BatchFilter
from scidex_console.engine.views import EngineView, GapView, HostView, Overview, RunView

_SETTLED_INTENTS = 10


async def read_overview(
    database: Database,
    folders: FolderCounts,
    forecasts: Forecasts,
    *,
    dead: int,
    errors: int,
    minutes: int,
    stalled_after_s: float,
) -> Overview:
    """One snapshot for all panes."""
    async with snapshot(database) as connection:
        found = await ask(
            connection,
            {
                **_gap_questions(minutes),
                "read_identity": None,
                "list_gone_attempts": {"limit": dead},
                "list_migration_errors": {"limit": errors},
                "list_intents": {"settled": _SETTLED_INTENTS},
                "list_batches": {**batch_params(BatchFilter()), "id": None, "limit": 1},
                "list_reversible_batches": None,
                "list_present": {"lapses_after_s": LAPSES_AFTER_S},
                "read_last_act": None,
                "list_writers": None,
                **SOAK_QUESTIONS,
            },
        )
    folders_gap = await folders.gap(_run(found, JobName.FOLDERS), minutes)
    engine = found["read_engine_state"][0]
    batches = found["list_batches"]
    return Overview(
        taken_at=engine["taken_at"],
        identity=identity_view(found["read_identity"][0]),
        engine=engine_view(engine, stalled_after_s),
        gaps=(await _figures(found, forecasts, minutes), folders_gap),
        acceptance=await folders.acceptance(folders_gap),
        hosts=host_views(found["list_hosts"], found["list_counts"]),
        dead=tuple(attempt_view(row) for row in found["list_gone_attempts"]),
        errors=tuple(migration_log_view(row) for row in found["list_migration_errors"]),
        intents=tuple(intent_view(row) for row in found["list_intents"]),
        last_batch=batch_view(batches[0]) if batches else None,
        reversible=tuple(
            ReversibleBatches(JobName(row["job"]), row["done"], row["taken_back"])
            for row in found["list_reversible_batches"]
        ),
        present=present_views(found["list_present"]),
        last_act=audit_view(found["read_last_act"][0]) if found["read_last_act"] else None,
        writers=writer_views(found["list_writers"]),
        soak=read_ladder(soak_record(found)),
    )


async def read_gap(
    database: Database, folders: FolderCounts, forecasts: Forecasts, job: JobName, *, minutes: int
) -> GapView:
    """The gap of one job."""
    async with snapshot(database) as connection:
        found = await ask(connection, _gap_questions(minutes))
    if job is JobName.FIGURES:
        return await _figures(found, forecasts, minutes)
    return await folders.gap(_run(found, JobName.FOLDERS), minutes)


async def read_figures_plan(
    database: Database, forecasts: Forecasts, *, minutes: int
) -> tuple[GapView, Forecast]:
    """The gap of figures, and how long it takes to work it off, whether a run is at work or not."""
    async with snapshot(database) as connection:
        found = await ask(connection, _gap_questions(minutes))
    told = await forecasts.whole(found, found["read_engine_state"][0]["taken_at"])
    return await _figures(found, forecasts, minutes), told


def _gap_questions(minutes: int) -> dict[str, dict[str, int] | None]:
    return {
        "read_engine_state": None,
        "list_counts": None,
        "list_current_runs": None,
        "count_scheduled_figures": {"most": MOST_SCHEDULED},
        "count_suspected_figures": {"most": MOST_SCHEDULED},
        "count_settled_by_minute": {"minutes": minutes, "recent": RECENT_MINUTES},
        "list_hosts": None,
        "count_held_back": {"most": MOST_HELD_BACK},
        "count_due_again": {"most": MOST_SCHEDULED},
    }


async def _figures(found: dict[str, Rows], forecasts: Forecasts, minutes: int) -> GapView:
    """Its end is told while a run is at work: one that rests does not come nearer to its end."""
    engine = found["read_engine_state"][0]
    now: datetime = engine["taken_at"]
    run = _run(found, JobName.FIGURES)
    return figures_gap(
        found["list_counts"],
        found["count_scheduled_figures"],
        read_pace(found["count_settled_by_minute"], minutes, now),
        total=engine["figures_total"],
        run=run,
        eta_s=await forecasts.seconds_left(found, run.id, now) if run and run.state in WORKING else None,
        held_back=found["count_held_back"],
        due_again=found["count_due_again"],
    )


def _run(found: dict[str, Rows], job: JobName) -> RunView | None:
    rows = [row for row in found["list_current_runs"] if row["job"] == job]
    return run_view(rows[0]) if rows else None


def engine_view(row: Row, stalled_after_s: float) -> EngineView | None:
    """The engine from `read_engine_state`; None when none has ever run."""
    if row["started_at"] is None:
        return None
    age: float | None = row["heartbeat_age_s"]
    note = row["note"]
    if not row["running"]:
        state = "stopped"
    elif not row["lock_held"]:
        state, note = "stopped", "ended without saying so"
    else:
        state = "running" if age is not None and age < stalled_after_s else "stalled"
    return EngineView(
        state=state,
        holder=row["holder"],
        epoch=row["epoch"],
        started_at=row["started_at"],
        heartbeat_at=row["heartbeat_at"],
        heartbeat_age_s=age,
        version=row["version"],
        writes=row["writes"],
        authorization=row["authorization_ref"],
        environment=row["environment"],
        note=note,
    )


def host_views(hosts: Rows, counts: Rows) -> tuple[HostView, ...]:
    """Every group asked so far, with the outcomes of its attempts."""
    due = due_by_group(counts)
    attempts: Counter[tuple[str, str]] = Counter()
    requests: Counter[str] = Counter()
    for row in counts:
        if row["subject"] == "attempt":
            attempts[row["host_group"], row["state"]] += row["n"]
        elif row["subject"] == "request":
            requests[row["host_group"]] += row["n"]

    def view(row: Row) -> HostView:
        group = row["host_group"]
        return HostView(
            gate=gate_state(row),
            due=due.get(group, 0),
            stored=attempts[group, FetchClass.STORED],
            dead=attempts[group, FetchClass.DEAD],
            transient=attempts[group, FetchClass.TRANSIENT],
            blocked=attempts[group, FetchClass.BLOCKED],
            suspect=attempts[group, FetchClass.SUSPECT],
            refused=attempts[group, FetchClass.REFUSED],
            requests=requests[group],
            last_request_at=row["last_request_at"],
        )

    return tuple(view(row) for row in hosts)
