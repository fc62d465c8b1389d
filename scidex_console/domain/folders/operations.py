"""A planned folder as one operation of a batch: its paths, and its row before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from datetime import datetime
from typing import Any

from scidex_console.domain.batches import Operation, RowChange
from scidex_console.domain.folders.entries import EntryRole, FolderEntry, link_entry, manifest_entry
from scidex_console.domain.folders.manifest import instant
from scidex_console.domain.folders.planning import FolderPlan
from scidex_console.domain.folders.rows import ArtifactRow

_CHANGING = (
    "artifact_dir",
    "primary_filename",
    "accessory_filenames",
    "folder_layout_version",
    "migrated_to_folder_at",
)
_GUARDS = ("artifact_type", "title", "content_hash", "provenance_chain", "artifact_id")
"""Columns that the manifest tells of: a row that got other values meanwhile is left alone."""
CREATED_AT = "created_at"
"""The manifest tells of it, too; kept beside the fields, so that `verify` knows of later edits."""


def operation_for_folder(
    plan: FolderPlan,
    *,
    leaving: Set[str],
    replaced_manifest: bytes | None,
    standing_links: Set[str],
    migrated_at: datetime,
    took_ms: int,
    missing: tuple[str, ...],
    file_path_field: str,
    claims_seen: int = 0,
    linked: Set[str] = frozenset(),
    files_before: Sequence[Mapping[str, Any]] | None = None,
) -> Operation:
    """The operation that migrates one artifact.

    `leaving` are the old paths that go with it; `standing_links` those of its links that are there already,
    from when it was migrated before. `took_ms` and `missing` are for the migration log: how long reading and
    planning took, and what the row names that is not there. `linked` are the old paths that
    stay in any case, since symbolic links lead to them. `claims_seen` is how far the database's
    transactions were seen when it was decided which old paths go. `files_before` is what the folder held by
    the migration log, where there was one: a rollback leaves it so, and says so there.
    """
    return Operation(
        plan.row.id,
        _row_change(plan, migrated_at, file_path_field),
        entries=tuple(_entries(plan, leaving, replaced_manifest, standing_links)),
        log={
            "files_moved": [file.to_json() for file in plan.files],
            "errors": {"missing": list(missing)} if missing else None,
            "took_ms": took_ms,
            "claims_seen": claims_seen,
            "linked": sorted(linked),
            "files_before": None if files_before is None else list(files_before),
        },
    )


def _entries(
    plan: FolderPlan, leaving: Set[str], replaced_manifest: bytes | None, standing_links: Set[str]
) -> list[FolderEntry]:
    moved = [
        FolderEntry(
            EntryRole.MOVED,
            move.path,
            move.file.sha256,
            move.file.size,
            mode=move.file.mode,
            blob=move.file.blob,
            source=move.file.path,
            leaves_source=move.file.path in leaving,
        )
        for move in plan.moves
        if move.path != move.file.path
    ]
    manifest = manifest_entry(plan.manifest_path, plan.manifest, replaced=replaced_manifest)
    links = (link_entry(path, to) for path, to in plan.links.items() if path not in standing_links)
    return [*moved, manifest, *links]


def _row_change(plan: FolderPlan, migrated_at: datetime, file_path_field: str) -> RowChange:
    before, after = _image(plan.row, file_path_field), _image(plan.after, file_path_field)
    after["migrated_to_folder_at"] = migrated_at.isoformat()
    # No type is read alike whether the row says "" or NULL, so that it cannot be compared.
    guards = [field for field in _GUARDS if field != "artifact_type" or plan.row.artifact_type]
    fields = [*_CHANGING, *guards, "metadata"]
    if file_path_field == "file_path":
        fields.append(file_path_field)
    for key in sorted({*plan.row.metadata, *plan.after.metadata}):
        field = f"metadata.{key}"
        if plan.row.metadata.get(key) != plan.after.metadata.get(key):
            fields.append(field)
            before[field], after[field] = plan.row.metadata[key], plan.after.metadata[key]
    # The whole document is a guard of the way forward only; what changes of it is named key by key.
    after["metadata"] = before["metadata"]
    return RowChange(tuple(fields), before, after)


def _image(row: ArtifactRow, file_path_field: str) -> dict[str, Any]:
    image: dict[str, Any] = {
        "artifact_dir": row.artifact_dir,
        "primary_filename": row.primary_filename,
        "accessory_filenames": None if row.accessory_filenames is None else list(row.accessory_filenames),
        "folder_layout_version": row.layout_version,
        "migrated_to_folder_at": row.migrated_at.isoformat() if row.migrated_at else None,
        "artifact_type": row.artifact_type,
        "title": row.title,
        "content_hash": row.content_hash,
        "provenance_chain": row.provenance_chain,
        "artifact_id": row.uuid,
        "metadata": dict(row.metadata),
        CREATED_AT: instant(row.created_at),
    }
    if file_path_field == "file_path":
        image["file_path"] = row.file_path
    return image
