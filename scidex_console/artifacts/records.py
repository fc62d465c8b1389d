"""An artifact as a writer or a reader of SciDEX gets it: its row, with the folder fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from scidex_console.domain.folders.layout import ACCESSORIES, MANIFEST
from scidex_console.domain.folders.rows import ArtifactRow


@dataclass(frozen=True)
class Artifact:
    """One row of `artifacts`, and where its folder is."""

    id: str
    """The legacy id, `{type}-{uuid}` of new artifacts; it never changes."""
    artifact_id: str | None
    """The UUID; None of an artifact that no backfill and no writer has reached yet."""
    artifact_type: str
    title: str | None
    content_hash: str | None
    file_path: str | None
    metadata: Mapping[str, Any]
    provenance_chain: Any
    created_at: datetime | None
    artifact_dir: str | None
    """As the row has it, such as `data/scidex-artifacts/<uuid>`."""
    primary_filename: str | None
    accessory_filenames: tuple[str, ...]
    folder_layout_version: int | None
    migrated_to_folder_at: datetime | None
    """Since when its folder is there; None: it is not, and its files lie where its row says."""
    folder: Path | None
    """Its folder on this machine; None of an artifact that has none yet."""

    @property
    def primary_path(self) -> Path | None:
        """Its primary file; None where there is none."""
        return self.folder / self.primary_filename if self.folder and self.primary_filename else None

    @property
    def accessory_paths(self) -> tuple[Path, ...]:
        """Its accessories."""
        return tuple(self.folder / ACCESSORIES / name for name in self.accessory_filenames if self.folder)

    @property
    def manifest_path(self) -> Path | None:
        """Its manifest."""
        return self.folder / MANIFEST if self.folder else None


def artifact_of(row: ArtifactRow, folder: Path | None) -> Artifact:
    """The row as callers get it; `folder` is where its folder is, if it is there."""
    return Artifact(
        id=row.id,
        artifact_id=row.uuid,
        artifact_type=row.artifact_type,
        title=row.title,
        content_hash=row.content_hash,
        file_path=row.file_path,
        metadata=row.metadata,
        provenance_chain=row.provenance_chain,
        created_at=row.created_at,
        artifact_dir=row.artifact_dir,
        primary_filename=row.primary_filename,
        accessory_filenames=row.accessories,
        folder_layout_version=row.layout_version,
        migrated_to_folder_at=row.migrated_at,
        folder=folder,
    )
