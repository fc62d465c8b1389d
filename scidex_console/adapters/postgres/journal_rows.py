"""Rows of the journal, to and from the domain's batches and operations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scidex_console.domain.batches import (
    AdoptedFile,
    Batch,
    BatchState,
    NewFile,
    Operation,
    OperationState,
    RowChange,
)
from scidex_console.domain.jobs import JobName


def operation_params(operation: Operation) -> dict[str, Any]:
    """An operation as the journal's JSON input."""
    file = operation.file or operation.adopted
    return {
        "artifact_id": operation.artifact_id,
        "fields": list(operation.row.fields),
        "before": dict(operation.row.before),
        "after": dict(operation.row.after),
        "path": file.path if file else None,
        "sha256": file.sha256 if file else None,
        "size_bytes": file.size if file else None,
        "staged": operation.file.staged if operation.file else None,
        "reason": operation.reason,
    }


def batch_of(row: dict[str, Any], operations: Sequence[dict[str, Any]]) -> Batch:
    """A batch from its row and its operations' rows."""
    return Batch(
        id=row["id"],
        uid=str(row["uid"]),
        job=JobName(row["job"]),
        run_id=row["run_id"],
        pass_no=row["pass_no"],
        state=BatchState(row["state"]),
        epoch=row["epoch"],
        base_commit=row["base_commit"],
        commit=row["commit_id"],
        inverse_commit=row["inverse_commit"],
        authorization=row["authorization_ref"],
        created_at=row["created_at"],
        operations=tuple(_operation(operation) for operation in operations),
    )


def _operation(row: dict[str, Any]) -> Operation:
    file = adopted = None
    if row["path"] is not None and row["staged"] is None:
        # Nothing was ever staged for it: the file was there before.
        adopted = AdoptedFile(row["path"], row["sha256"], row["size_bytes"])
    elif row["path"] is not None:
        file = NewFile(row["path"], row["sha256"], row["size_bytes"], row["staged"], row["blob"])
    return Operation(
        artifact_id=row["artifact_id"],
        row=RowChange(tuple(row["fields"]), row["before"], row["after"]),
        file=file,
        adopted=adopted,
        id=row["id"],
        state=OperationState(row["state"]),
        reason=row["reason"],
    )
