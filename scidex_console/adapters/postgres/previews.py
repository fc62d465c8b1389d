"""Previews: what an action would do, with the token that names exactly this.

The engine makes the same preview again when the action is confirmed, and compares the tokens. So a token is
made of what the operator saw and of nothing that moves by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from scidex_console.adapters.postgres.attempts import attempt_view, filter_params, waiting_folder_view
from scidex_console.adapters.postgres.batches import (
    batch_params,
    batch_view,
    later_batches,
    load_batch,
    operation_view,
)
from scidex_console.adapters.postgres.database import Connection, Database
from scidex_console.adapters.postgres.folder_gap import FolderCounts
from scidex_console.adapters.postgres.forecasts import Forecasts
from scidex_console.adapters.postgres.gaps import ended
from scidex_console.adapters.postgres.guarded_rows import GuardedRows
from scidex_console.adapters.postgres.identity import path_is_column, read_identity
from scidex_console.adapters.postgres.overview import read_figures_plan, read_gap
from scidex_console.adapters.postgres.snapshot import Row, ask, fetch, snapshot
from scidex_console.domain.batches import REVERSIBLE, REVERTIBLE, TAKEN_BACK, Batch, Operation, OperationState
from scidex_console.domain.errors import ConsoleError, Refused, UsageError
from scidex_console.domain.figures import RETRYABLE, FigureState, why_held_back
from scidex_console.domain.folders.statuses import WAITING
from scidex_console.domain.jobs import JobName
from scidex_console.domain.tokens import plan_token
from scidex_console.engine.batch_views import OperationView, RollbackPreview
from scidex_console.engine.listing_views import BatchFilter
from scidex_console.engine.ports import AttemptFilter
from scidex_console.engine.views import (
    AttemptView,
    GapView,
    PlanItem,
    PlanView,
    RetryPreview,
    WaitingFolderView,
)

_SPARKLINE_MINUTES = 30
_BESIDE_CLASSES = frozenset({FigureState.HELD_BACK.value, FigureState.SUSPECTED.value})


class ChangedFiles(Protocol):
    """Finds which artifacts' folders a rollback would keep, or a redo leave out, for their files, and why.

    Raises `ConsoleError` where the files cannot be seen.
    """

    async def __call__(self, operations: Sequence[Operation], *, redo: bool) -> Mapping[str, str]: ...


async def read_rollback(
    database: Database, batch_id: int, *, redo: bool, look: ChangedFiles | None = None
) -> RollbackPreview:
    """What taking a batch back (or doing it again) would do to git and to the rows.

    Rows that are no longer as the batch left (for a redo: found) them are listed as refused: they would be
    left alone. What `look` finds changed in folders is named, too. Raises `Refused` for a batch that is not
    there, or not in a state for this.
    """
    identity = await read_identity(database)
    async with snapshot(database) as connection:
        listed = {**batch_params(BatchFilter(), batch_id), "id": None, "limit": 1}
        heads = (await ask(connection, {"list_batches": listed}))["list_batches"]
        batch = await load_batch(connection, batch_id)
        if batch is None:
            raise Refused(f"there is no batch {batch_id}")
        _check_state(batch, redo=redo)
        states = {OperationState.ROLLED_BACK} if redo else REVERTIBLE
        taking_part = [operation for operation in batch.operations if operation.state in states]
        records = (await ask(connection, {"list_batch_commits": {"batch_id": batch_id}}))[
            "list_batch_commits"
        ]
        rows = GuardedRows(database, file_path_is_column=path_is_column(identity))
        changed = await rows.differing(connection, batch, taking_part, undo=not redo)
        later = () if redo else await later_batches(connection, batch_id)
        going = [o for o in taking_part if o.artifact_id not in changed]
        dangling = 0 if redo else await _links_to(connection, going)
    refused = tuple(
        operation_view(o, changed[o.artifact_id]) for o in taking_part if o.artifact_id in changed
    )
    operations = tuple(operation_view(o) for o in going)
    if not any(o.touches_git for o in going):
        commits: tuple[str, ...] = ()
    elif redo:
        undone = {o.undo_op for o in going}
        commits = tuple(r["commit_id"] for r in records if r["kind"] == "undo" and r["op"] in undone)
    else:
        commits = batch.brought_by(going) + tuple(o.commit for o in going if o.commit)
    entries = [e for o in going for e in o.entries]
    preview = RollbackPreview(
        batch=batch_view(heads[0]),
        redo=redo,
        commits=commits,
        paths=tuple(sorted([e.path for e in entries] or [o.path for o in operations if o.path])),
        operations=operations,
        refused=refused,
        token=_rollback_token(batch, redo, commits, operations, refused),
        old_paths=tuple(sorted({e.source for e in entries if e.leaves_source})),
        later=later,
        dangling=dangling,
    )
    if look is None or batch.job is not JobName.FOLDERS:
        return preview
    return await _with_files(preview, look, going)


async def _links_to(connection: Connection, going: Sequence[Operation]) -> int:
    """Links in other folders that lead to those of these operations.

    Both ends of a link have one, so that the others are those that these lead to.
    """
    links = {e.path.rpartition("/")[2] for o in going for e in o.entries if e.is_link}
    folders = {str(o.row.after.get("artifact_id")) for o in going}
    sought = {"from": sorted(links - folders), "to": sorted(folders)}
    if not sought["from"]:
        return 0
    found = await ask(connection, {"count_links_to": sought})
    return int(found["count_links_to"][0]["n"])


async def _with_files(
    preview: RollbackPreview, look: ChangedFiles, operations: Sequence[Operation]
) -> RollbackPreview:
    """The same preview and token, with what is found in the folders."""
    try:
        found = await look(operations, redo=preview.redo)
    except ConsoleError as error:
        return replace(preview, unseen=str(error))
    kept = tuple(operation_view(o, found[o.artifact_id]) for o in operations if o.artifact_id in found)
    return replace(preview, kept_files=kept)


def _check_state(batch: Batch, *, redo: bool) -> None:
    allowed = TAKEN_BACK if redo else REVERSIBLE
    if batch.state not in allowed:
        verb = "redone" if redo else "rolled back"
        raise Refused(f"batch {batch.id} is {batch.state} and cannot be {verb}")


def _rollback_token(
    batch: Batch,
    redo: bool,
    commits: tuple[str, ...],
    operations: tuple[OperationView, ...],
    refused: tuple[OperationView, ...],
) -> str:
    # Not the batch's state: it goes from done to cleaned by itself.
    return plan_token(
        {
            "action": "redo" if redo else "rollback",
            "batch": batch.uid,
            "pass": batch.pass_no,
            "attempt": batch.undo_no,
            "commits": list(commits),
            "operations": sorted([o.artifact_id, o.path, o.sha256] for o in operations),
            "refused": sorted([o.artifact_id, o.reason] for o in refused),
        }
    )


async def read_retry(database: Database, job: JobName, criteria: AttemptFilter) -> RetryPreview:
    """The rows a retry with this filter would make due: all of them, never the first page only."""
    items: tuple[AttemptView | WaitingFolderView, ...]
    if job is JobName.FOLDERS:
        if criteria.host:
            raise UsageError("artifacts without a folder have no host", where="retry", fix="leave --host out")
        rows = await fetch(database, "list_retryable_folders", filter_params(criteria, known=WAITING))
        plan = [[row["artifact_id"], row["class"], row["changed_at"].isoformat()] for row in rows]
        items = tuple(waiting_folder_view(row) for row in rows)
    else:
        params: dict[str, Any] = {
            **filter_params(criteria, also=_BESIDE_CLASSES),
            "states": sorted(RETRYABLE),
            "suspected": bool(criteria.artifact_ids) or FigureState.SUSPECTED in criteria.outcome.split(","),
        }
        rows = await fetch(database, "list_retryable_figures", params)
        plan = [[row["artifact_id"], row["last_attempt_id"]] for row in rows]
        items = tuple(attempt_view(row) for row in rows)
    filters = _filters(criteria)
    token = plan_token({"action": "retry", "job": job, "filters": filters, "rows": sorted(plan)})
    return RetryPreview(job, filters, items, token)


def _filters(criteria: AttemptFilter) -> dict[str, str]:
    values = {
        "group": criteria.group,
        "outcome": criteria.outcome,
        "since": criteria.since.isoformat() if criteria.since else "",
        "artifact_ids": ",".join(criteria.artifact_ids),
        "text": criteria.text,
        "host": criteria.host,
    }
    return {name: value for name, value in values.items() if value}


async def read_plan(
    database: Database, folders: FolderCounts, forecasts: Forecasts, job: JobName, *, limit: int
) -> PlanView:
    """The rows the job would take up next, one host group after the other."""
    if job is JobName.FOLDERS:
        gap = await read_gap(database, folders, forecasts, job, minutes=_SPARKLINE_MINUTES)
        return await _folders_plan(database, gap, limit)
    gap, told = await read_figures_plan(database, forecasts, minutes=_SPARKLINE_MINUTES)
    rows = await fetch(database, "list_planned_figures", {"limit": limit})
    items = tuple(
        PlanItem(row["artifact_id"], row["host_group"], row["url"], row["state"], row["due_at"])
        for row in rows
    )
    note = "" if gap.total else "no survey yet: an engine makes one when it starts"
    return PlanView(job, gap, items, note, await _held_back(database, limit), told)


async def _folders_plan(database: Database, gap: GapView, limit: int) -> PlanView:
    """The next artifacts, newest first, their files as the last survey found them, and what is refused."""
    rows = await fetch(database, "list_planned_folders", {"limit": limit})
    refused = await fetch(database, "list_retryable_folders", filter_params(AttemptFilter(), known=WAITING))
    (survey,) = await fetch(database, "read_folder_survey")
    items = tuple(
        PlanItem(
            row["artifact_id"],
            row["artifact_type"],
            _claimed(row, surveyed=survey["surveyed_at"] is not None),
            "due",
            row["due_at"],
        )
        for row in rows
    )
    held_back = tuple(
        PlanItem(
            row["artifact_id"],
            row["artifact_type"],
            "",
            row["class"],
            None,
            f"{row['class']}: {row['reason']}",
        )
        for row in refused[:limit]
    )
    note = survey["hash_advice"]
    if survey["surveyed_at"] is None:
        note = "no survey yet: an engine makes one when a run starts, and while it only observes"
    return PlanView(JobName.FOLDERS, gap, items, note, held_back)


def _claimed(row: Row, *, surveyed: bool) -> str:
    """What an artifact's folder will hold, in a few words."""
    if row["path"] is None:
        return "manifest only" if surveyed else ""
    more = row["files"] - 1
    return f"{row['path']} and {more} more" if more else str(row["path"])


async def _held_back(database: Database, limit: int) -> tuple[PlanItem, ...]:
    rows = await fetch(database, "list_held_back_figures", {"limit": limit})
    return tuple(
        PlanItem(
            row["artifact_id"],
            row["host_group"],
            row["url"],
            row["state"],
            None,
            why_held_back(ended(row["cause"]), row["batch_id"], row["reason"]),
        )
        for row in rows
    )
