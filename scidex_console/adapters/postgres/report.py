"""The report of a run: what was attempted, fetched, found dead or left for later, whole and per host.

An artifact counts once, in the class of its last attempt (of the run, or of all runs), at the host of that
attempt. What a batch recorded and a rollback took back, or what a batch left out, is counted as that and not
as fetched or gone: the counts say what holds now. `attempts` and `requests` are sums over every attempt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.snapshot import Row, Rows, ask, snapshot
from scidex_console.domain.errors import Refused
from scidex_console.domain.jobs import JobName
from scidex_console.domain.report import CLASSES

COUNTS = (
    *CLASSES,
    "marked",
    "attempts",
    "requests",
    "bytes",
)
"""`attempted` is the number of artifacts and the sum of the classes up to `left_out`; `hard_404` stands for
404, 410 and 451 alike, of which so many are `marked`: the others wait for the proof, or for their batch;
`bytes` is what was fetched and kept."""


async def read_report(database: Database, job: JobName, run_id: int | None) -> Mapping[str, Any]:
    """`job`, `run`, `from`, `to` (ISO 8601, None without an attempt), `totals` and `hosts`, busiest first.

    `journal` tells apart runs of one number: a journal made anew counts its runs from 1 again.

    Raises `Refused` for a run that the job does not have.
    """
    async with snapshot(database) as connection:
        found = await ask(
            connection,
            {
                "read_run": {"id": run_id, "job": job},
                "read_journal_identity": None,
                "count_attempts_by_host": {"run_id": run_id, "job": job},
                "count_batches_by_state": {"run_id": run_id, "job": job},
            },
        )
    if run_id is not None and not found["read_run"]:
        raise Refused(f"{job} has no run {run_id}")
    rows = found["count_attempts_by_host"]
    return {
        "job": job.value,
        "run": run_id,
        "journal": found["read_journal_identity"][0]["id"],
        "from": iso([row["first_at"] for row in rows], earliest=True),
        "to": iso([row["last_at"] for row in rows], earliest=False),
        "totals": {name: sum(row[name] for row in rows) for name in COUNTS},
        "batches": dict(found["count_batches_by_state"][0]),
        "hosts": [_host(row) for row in _busiest_first(rows)],
    }


def _busiest_first(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: (-row["attempted"], row["host_group"], row["host"]))


def _host(row: Row) -> dict[str, Any]:
    return {"group": row["host_group"], "host": row["host"], **{name: row[name] for name in COUNTS}}


def iso(times: Sequence[datetime], *, earliest: bool) -> str | None:
    """The first or the last of some times as ISO 8601; None without any."""
    if not times:
        return None
    return (min(times) if earliest else max(times)).isoformat(timespec="seconds")
