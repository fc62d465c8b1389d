"""Batches and operations of the journal, as readers get them."""

from __future__ import annotations

from collections import Counter
from typing import Any

from scidex_console.adapters.postgres.attempts import contains
from scidex_console.adapters.postgres.database import Connection
from scidex_console.adapters.postgres.journal_rows import batch_of
from scidex_console.adapters.postgres.snapshot import Row, ask
from scidex_console.domain.batches import TAKEN_BACK, Batch, BatchState, NewFile, Operation, OperationState
from scidex_console.domain.folders.entries import EntryRole
from scidex_console.domain.jobs import JobName
from scidex_console.domain.orphans import is_orphan
from scidex_console.domain.sanitise import visible
from scidex_console.engine.batch_views import BatchView, LaterBatch, OperationView
from scidex_console.engine.listing_views import BatchFilter

_SETTLED = (BatchState.CLEANED, *TAKEN_BACK)


def batch_view(row: Row) -> BatchView:
    """A row of `list_batches`."""
    state = BatchState(row["state"])
    return BatchView(
        id=row["id"],
        uid=str(row["uid"]),
        job=JobName(row["job"]),
        run_id=row["run_id"],
        state=state,
        commit=row["commit_id"],
        inverse_commit=row["inverse_commit"],
        created_at=row["created_at"],
        settled_at=row["settled_at"],
        files=row["files"],
        marks=row["marks"],
        adopted=row["adopted"],
        skipped=row["skipped"],
        conflicts=row["conflicts"],
        kept=row["kept"],
        authorization=row["authorization_ref"],
        outer_commit=row["outer_commit"],
        push=_push(row["push_state"], state),
        writer=visible(row["writer"], 60),
    )


def batch_params(criteria: BatchFilter, only: int | None = None) -> dict[str, Any]:
    """The parameters of `list_batches_*` for a filter; `only` is the one batch to list."""
    return {
        "job": criteria.job,
        "states": list(criteria.states) or None,
        "artifact_id": criteria.artifact_id,
        "prefix": contains(criteria.text).removeprefix("%"),
        "only": only,
    }


def _push(recorded: str, state: BatchState) -> str:
    if recorded == "none":
        return ""
    return recorded or ("pending" if state in _SETTLED else "")


def operation_view(operation: Operation, reason: str = "") -> OperationView:
    """One operation; `reason` stands in front of the journal's own."""
    file = operation.file
    decided = operation.replacement
    if decided is not None:
        version = decided.after or decided.before
        file = NewFile(decided.path, version.sha256, version.size, "")
    roles = Counter(entry.role for entry in operation.entries)
    return OperationView(
        artifact_id=operation.artifact_id,
        state=OperationState(operation.state),
        path=file.path if file else _folder(operation),
        sha256=file.sha256 if file else "",
        size=file.size if file else None,
        fields=operation.row.inverse().fields,
        reason=reason or operation.reason,
        commit=operation.commit,
        files=roles[EntryRole.MOVED] + roles[EntryRole.ADDED],
        links=roles[EntryRole.LINK],
    )


def _folder(operation: Operation) -> str:
    """The folder of an artifact: where its manifest lies; empty for a figure that is marked only.

    Of a file that no row claims and that is kept, where it lies.
    """
    if is_orphan(operation.artifact_id) and operation.entries:
        return operation.entries[0].path
    manifests = (entry.path for entry in operation.entries if entry.role is EntryRole.MANIFEST)
    path = next(manifests, "")
    return f"{path.rpartition('/')[0]}/" if path else ""


async def load_batch(connection: Connection, batch_id: int) -> Batch | None:
    """A batch with its operations; None when there is none of that id."""
    params = {"batch_id": batch_id}
    parts = ("read_batch_head", "read_batch_operations", "read_batch_entries")
    found = await ask(connection, dict.fromkeys(parts, params))
    head = found["read_batch_head"]
    return batch_of(head[0], found["read_batch_operations"], found["read_batch_entries"]) if head else None


async def later_batches(connection: Connection, batch_id: int) -> tuple[LaterBatch, ...]:
    """Batches that stand on this one."""
    rows = (await ask(connection, {"list_later_batches": {"batch_id": batch_id}}))["list_later_batches"]
    return tuple(LaterBatch(row["id"], row["shared"]) for row in rows)
