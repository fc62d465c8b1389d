"""Rows of the journal, to and from the domain's batches and operations."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
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
from scidex_console.domain.folders.entries import EntryRole, FolderEntry
from scidex_console.domain.jobs import JobName
from scidex_console.domain.orphans import NewRow
from scidex_console.domain.triage import Replacement


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
        "log": dict(operation.log),
        "replacement": operation.replacement.to_json() if operation.replacement else None,
        "registers": operation.registers.to_json() if operation.registers else None,
    }


def entry_params(operation: Operation) -> list[dict[str, Any]]:
    """The paths of an operation's folder as the journal's JSON input."""
    return [
        {
            "artifact_id": operation.artifact_id,
            "ordinal": ordinal,
            "role": entry.role,
            "path": entry.path,
            "mode": entry.mode,
            "blob": entry.blob,
            "sha256": entry.sha256,
            "size_bytes": entry.size,
            "source": entry.source,
            "leaves_source": entry.leaves_source,
            "content": _as_text(entry.content),
            "replaced": _as_text(entry.replaced),
            "staged": entry.staged,
            "standing": entry.standing,
        }
        for ordinal, entry in enumerate(operation.entries)
    ]


def batch_of(
    row: dict[str, Any], operations: Sequence[dict[str, Any]], entries: Iterable[dict[str, Any]] = ()
) -> Batch:
    """A batch from its row, its operations' rows and the rows of their folders' paths, in order."""
    of_operation: dict[int, list[FolderEntry]] = defaultdict(list)
    for entry in entries:
        of_operation[entry["operation_id"]].append(_entry(entry))
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
        decision=row["decision_id"],
        undo_no=row["undo_no"],
        undo_plan=row["undo_plan"],
        writer=row["writer"],
        applied={int(number): commit for number, commit in (row.get("applied") or {}).items()},
        operations=tuple(_operation(each, tuple(of_operation[each["id"]])) for each in operations),
    )


def as_it_stands(
    batch: Batch,
    row: dict[str, Any],
    operations: Sequence[dict[str, Any]],
    entries: Iterable[dict[str, Any]] = (),
) -> Batch:
    """A batch that was read before, by its row now and by what may have changed in the others."""
    of_operation: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for entry in entries:
        of_operation[entry["operation_id"]].append(entry)
    now = {each["id"]: each for each in operations}
    standing = (_standing(o, now[o.id], of_operation[o.id]) for o in batch.operations)
    return replace(batch_of(row, ()), operations=tuple(standing))


def _standing(operation: Operation, row: dict[str, Any], entries: Sequence[dict[str, Any]]) -> Operation:
    return replace(
        operation,
        file=replace(operation.file, blob=row["blob"]) if operation.file else None,
        entries=tuple(
            entry
            if (entry.blob, entry.leaves_source) == (now["blob"], now["leaves_source"])
            else replace(entry, blob=now["blob"], leaves_source=now["leaves_source"])
            for entry, now in zip(operation.entries, entries, strict=True)
        ),
        commit=row["commit_id"],
        state=OperationState(row["state"]),
        reason=row["reason"],
        pass_no=row["pass_no"],
        undo_op=row["undo_op"],
    )


def _operation(row: dict[str, Any], entries: tuple[FolderEntry, ...]) -> Operation:
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
        entries=entries,
        log=row["log"],
        replacement=Replacement.from_json(row["replacement"]),
        registers=NewRow.from_json(row["registers"]),
        commit=row["commit_id"],
        id=row["id"],
        state=OperationState(row["state"]),
        reason=row["reason"],
        pass_no=row["pass_no"],
        undo_op=row["undo_op"],
    )


def _entry(row: dict[str, Any]) -> FolderEntry:
    return FolderEntry(
        role=EntryRole(row["role"]),
        path=row["path"],
        sha256=row["sha256"],
        size=row["size_bytes"],
        mode=row["mode"],
        blob=row["blob"],
        source=row["source"],
        leaves_source=row["leaves_source"],
        content=row["content"],
        replaced=row["replaced"],
        staged=row["staged"],
        standing=row["standing"],
    )


def _as_text(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()
