"""The report of the folder migration: what a run came to, what is accepted by it, what waits and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from scidex_console.adapters.postgres.attempts import filter_params
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.folder_gap import FolderCounts
from scidex_console.adapters.postgres.report import iso
from scidex_console.adapters.postgres.runs import run_view
from scidex_console.adapters.postgres.snapshot import Rows, ask, snapshot
from scidex_console.domain.errors import Refused
from scidex_console.domain.folders.statuses import WAITING, FolderStatus
from scidex_console.domain.jobs import JobName
from scidex_console.engine.ports import AttemptFilter

_MINUTES = 30


async def read_folders_report(
    database: Database, folders: FolderCounts, run_id: int | None
) -> Mapping[str, Any]:
    """`totals` by the last word of the log, `acceptance`, and `waiting`: what waits, each with its reason.

    Raises `Refused` for a run that the job does not have.
    """
    async with snapshot(database) as connection:
        found = await ask(
            connection,
            {
                "read_run": {"id": run_id, "job": JobName.FOLDERS},
                "read_journal_identity": None,
                "count_migration_statuses": {"run_id": run_id},
                "count_batches_by_state": {"run_id": run_id, "job": JobName.FOLDERS},
                "list_retryable_folders": filter_params(AttemptFilter(), known=WAITING),
                "list_current_runs": None,
            },
        )
    if run_id is not None and not found["read_run"]:
        raise Refused(f"{JobName.FOLDERS} has no run {run_id}")
    runs = [run_view(row) for row in found["list_current_runs"] if row["job"] == JobName.FOLDERS]
    gap = await folders.gap(runs[0] if runs else None, _MINUTES)
    rows = found["count_migration_statuses"]
    return {
        "job": JobName.FOLDERS.value,
        "run": run_id,
        "journal": found["read_journal_identity"][0]["id"],
        "from": iso([row["first_at"] for row in rows], earliest=True),
        "to": iso([row["last_at"] for row in rows], earliest=False),
        "totals": _totals(rows),
        "batches": dict(found["count_batches_by_state"][0]),
        "acceptance": _plain(asdict(await folders.acceptance(gap))),
        "waiting": [
            {
                "artifact_id": row["artifact_id"],
                "type": row["artifact_type"],
                "outcome": row["class"],
                "reason": row["reason"],
            }
            for row in found["list_retryable_folders"]
        ],
    }


def _totals(rows: Rows) -> dict[str, int]:
    by_status = {row["status"]: row["n"] for row in rows}
    totals = {status.value: by_status.get(status, 0) for status in FolderStatus}
    files = sum(row["files"] for row in rows if row["status"] == FolderStatus.SUCCESS)
    return {"attempted": sum(by_status.values()), **totals, "files": files}


def _plain(acceptance: dict[str, Any]) -> dict[str, Any]:
    surveyed = acceptance["measured"]["surveyed_at"]
    acceptance["measured"]["surveyed_at"] = iso([surveyed] if surveyed else [], earliest=True)
    return acceptance
