"""Folders in the evidence: which artifacts have one, what the journal laid out, and what is on its way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scidex_console.domain.batches import UNSETTLED, Batch, Operation, OperationState
from scidex_console.domain.folders.entries import FolderEntry
from scidex_console.domain.folders.layout import ACCESSORIES, MANIFEST, folder_of
from scidex_console.domain.folders.manifest import instant
from scidex_console.domain.folders.operations import CREATED_AT
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.paths import ArtifactPaths
from scidex_console.engine.verification.facts import DatabaseFacts, FolderRow, Reach

STANDING = (OperationState.DONE, OperationState.KEPT)
"""Operations whose folder is there."""


@dataclass(frozen=True)
class Laid:
    """One path of a folder, and the operation that laid it out."""

    batch: Batch
    operation: Operation
    entry: FolderEntry


@dataclass(frozen=True)
class FolderView:
    """What rows and journal say of folders; nothing of it is proof until git and the disk say so too."""

    database: DatabaseFacts
    moving: frozenset[str]
    """Uids of batches that changed during the look, or that an engine has in hand."""
    reach: Reach
    """What those batches are about, as far as it is not in `database`."""
    paths: ArtifactPaths

    @cached_property
    def moving_artifacts(self) -> frozenset[str]:
        """Artifacts whose row, files and folder may be anywhere between old and new."""
        batches = (batch for batch in self.database.batches if batch.uid in self.moving)
        return self.reach.artifacts | {o.artifact_id for batch in batches for o in batch.operations}

    @cached_property
    def open_artifacts(self) -> frozenset[str]:
        """Those, and the artifacts of batches that a crash left between the two stores."""
        batches = (batch for batch in self.database.batches if batch.state in UNSETTLED)
        return self.moving_artifacts | {o.artifact_id for batch in batches for o in batch.operations}

    @cached_property
    def rows(self) -> Mapping[str, FolderRow]:
        """Every row, by artifact; empty where no folder was ever laid out."""
        return {found.row.id: found for found in self.database.folder_rows}

    @cached_property
    def migrated(self) -> list[FolderRow]:
        """Rows with a folder."""
        return [found for found in self.database.folder_rows if found.row.migrated_at is not None]

    @cached_property
    def settled(self) -> list[FolderRow]:
        """Rows with a folder that no batch is about at this moment."""
        return [found for found in self.migrated if found.row.id not in self.open_artifacts]

    @cached_property
    def folders(self) -> Mapping[str, str]:
        """Artifacts by the folder that their row names."""
        named = ((self.folder(found.row), found.row.id) for found in self.migrated)
        return {folder: artifact_id for folder, artifact_id in named if folder is not None}

    @cached_property
    def to_lay_again(self) -> Mapping[str, str]:
        """Artifacts by the folder that their row names still, whose file or mark came after it."""
        waiting = (found.row for found in self.database.folder_rows if found.row.migrated_at is None)
        named = ((self._folder_named(row), row.id) for row in waiting if row.artifact_dir)
        return {folder: artifact_id for folder, artifact_id in named if folder is not None}

    def folder(self, row: ArtifactRow) -> str | None:
        """The folder a migrated row names; None when that cannot be an artifact's."""
        return self._folders_named[row.id]

    @cached_property
    def _folders_named(self) -> Mapping[str, str | None]:
        return {found.row.id: self._folder_named(found.row) for found in self.migrated}

    def _folder_named(self, row: ArtifactRow) -> str | None:
        path = self.paths.inside(row.artifact_dir or "")
        return path if path is not None and folder_of(f"{path}/{MANIFEST}") == path else None

    @cached_property
    def newest(self) -> Mapping[str, tuple[Batch, Operation]]:
        """The newest operation whose folder is there, by artifact."""
        return {o.artifact_id: (b, o) for b, o in self.operations(*STANDING)}

    @cached_property
    def laid(self) -> Mapping[str, Laid]:
        """Paths that are to be there, by the newest operation that laid them out."""
        return {e.path: Laid(b, o, e) for b, o in self.operations(*STANDING) for e in o.entries}

    @cached_property
    def left(self) -> Mapping[str, Laid]:
        """Old paths that went with the operation that was to take them away, as far as no other wants them.

        Only of batches in which that has come about.
        """
        found: dict[str, Laid] = {}
        for batch, operation in self.operations(*OperationState):
            for entry in operation.entries:
                if operation.state in STANDING and entry.leaves_source:
                    found[entry.source] = Laid(batch, operation, entry)
                elif entry.source and operation.state is OperationState.ROLLED_BACK:
                    found.pop(entry.source, None)
        return {path: laid for path, laid in found.items() if laid.batch.state not in UNSETTLED}

    @cached_property
    def open_paths(self) -> frozenset[str]:
        """Paths of batches that are not settled."""
        batches = (b for b in self.database.batches if b.uid in self.moving or b.state in UNSETTLED)
        mine = (paths_of(operation) for batch in batches for operation in batch.operations)
        return self.reach.paths.union(*mine)

    def operations(self, *states: OperationState) -> Iterator[tuple[Batch, Operation]]:
        """Operations that lay out a folder, in the given states, oldest batch first."""
        for batch in self.database.batches:
            for operation in batch.operations:
                if operation.entries and operation.state in states:
                    yield batch, operation

    def to_read(self) -> Iterable[str]:
        """Every path that rows with a folder and operations name."""
        for _, operation in self.operations(*OperationState):
            yield from paths_of(operation)
        for found in self.migrated:
            folder = self.folder(found.row)
            if folder is not None:
                yield f"{folder}/{MANIFEST}"
                yield from (f"{folder}/{name}" for name in names_of(found.row))


def paths_of(operation: Operation) -> set[str]:
    """Every path an operation may change."""
    file = operation.file or operation.adopted
    own = {path for entry in operation.entries for path in (entry.path, entry.source) if path}
    if operation.replacement is not None and operation.replacement.changes:
        own.add(operation.replacement.path)
    return own | ({file.path} if file is not None else set())


def names_of(row: ArtifactRow) -> list[str]:
    """The files a row says its folder has, relative to it."""
    primary = [row.primary_filename] if row.primary_filename else []
    return [*primary, *(f"{ACCESSORIES}/{name}" for name in row.accessories)]


def edits(row: ArtifactRow, operation: Operation) -> list[str]:
    """Fields of the row that are no longer as its operation left them."""
    left = _image_after(operation)
    now: dict[str, Any] = {
        "artifact_type": row.artifact_type,
        "title": row.title,
        "content_hash": row.content_hash,
        "file_path": row.file_path,
        "provenance_chain": row.provenance_chain,
        "metadata": dict(row.metadata),
        "artifact_id": row.uuid,
        "artifact_dir": row.artifact_dir,
        "primary_filename": row.primary_filename,
        "accessory_filenames": list(row.accessories),
        "folder_layout_version": row.layout_version,
        CREATED_AT: instant(row.created_at),
    }
    return [field for field in sorted(now.keys() & left.keys()) if now[field] != left[field]]


def _image_after(operation: Operation) -> dict[str, Any]:
    """The row as the operation left it; the journal keeps the metadata as it was, and what changed by key."""
    change = operation.row
    image = {field: change.after.get(field) for field in change.fields if not field.startswith("metadata.")}
    metadata = dict(change.before.get("metadata") or {})
    keys = [field.removeprefix("metadata.") for field in change.fields if field.startswith("metadata.")]
    for key in keys:
        metadata.pop(key, None)
    metadata |= {key: change.after[f"metadata.{key}"] for key in keys if f"metadata.{key}" in change.after}
    if CREATED_AT in change.after:  # not in journals of earlier versions
        image[CREATED_AT] = change.after[CREATED_AT]
    return {**image, "metadata": metadata}


def blob_of(content: bytes, like: str) -> str:
    """The object id git gives these bytes, in the format of another id."""
    kind = "sha1" if len(like) == 40 else "sha256"
    head = f"blob {len(content)}\0".encode()
    return hashlib.new(kind, head + content, usedforsecurity=False).hexdigest()
