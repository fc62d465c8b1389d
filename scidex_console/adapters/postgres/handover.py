"""What happened in a period, for the note that one shift leaves to the next."""

from __future__ import annotations

from datetime import datetime

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.people import audit_view
from scidex_console.adapters.postgres.runs import run_view
from scidex_console.adapters.postgres.snapshot import Row, ask, snapshot
from scidex_console.domain.batches import BatchState
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.jobs import JobName
from scidex_console.engine.handover import MOST_ACTS, AttemptsInPeriod, BatchInPeriod, Handover
from scidex_console.engine.views import Overview


async def read_handover(database: Database, now: Overview, since: datetime, until: datetime) -> Handover:
    """Everything that is told of a period, as of one moment; `now` says how things stand."""
    period = {"since": since, "until": until}
    async with snapshot(database) as connection:
        found = await ask(
            connection,
            {
                "list_runs_between": period,
                "list_batches_between": period,
                "count_attempts_between": period,
                "list_audits_between": {**period, "limit": MOST_ACTS},
            },
        )
    return Handover(
        since=since,
        until=until,
        now=now,
        runs=tuple(run_view(row) for row in found["list_runs_between"]),
        batches=tuple(_batch(row) for row in found["list_batches_between"]),
        attempts=tuple(_attempts(row) for row in found["count_attempts_between"]),
        acts=tuple(audit_view(row) for row in found["list_audits_between"]),
    )


def _batch(row: Row) -> BatchInPeriod:
    return BatchInPeriod(
        id=row["id"],
        job=JobName(row["job"]),
        state=BatchState(row["state"]),
        commit=row["commit_id"],
        inverse_commit=row["inverse_commit"],
        created_at=row["created_at"],
        settled_at=row["settled_at"],
        changed=row["changed"],
        left_out=row["left_out"],
        push="" if row["push_state"] == "none" else row["push_state"],
    )


def _attempts(row: Row) -> AttemptsInPeriod:
    return AttemptsInPeriod(
        group=row["host_group"],
        outcome=FetchClass(row["outcome"]),
        attempts=row["n"],
        requests=row["requests"],
        throttled=row["throttled"],
    )
