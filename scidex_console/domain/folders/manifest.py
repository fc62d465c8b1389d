"""`manifest.json`: an artifact's row and files, for reading without the database.

Spec: canonical JSON (sorted keys, no trailing newline) so that commits churn little; a snapshot that mirrors
the row and can be rebuilt at any time from the row and from what the migration log says of its files. It
holds no time of its own making. The row's `updated_at` and `migrated_to_folder_at` are left out: the first
changes with every edit of anything, the second is only known after the commit with the manifest.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from scidex_console.domain.folders.names import split_extension
from scidex_console.domain.folders.rows import ArtifactRow

_TYPES = mimetypes.MimeTypes(filenames=())
_OF_SCIENCE = {
    ".ipynb": "application/x-ipynb+json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".h5": "application/x-hdf5",
    ".h5ad": "application/x-hdf5",
    ".hdf5": "application/x-hdf5",
    ".webp": "image/webp",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".tsv": "text/tab-separated-values",
    ".npz": "application/x-npz",
    ".pkl": "application/octet-stream",
    ".json": "application/json",
    ".gz": "application/gzip",
}


@dataclass(frozen=True)
class FolderFile:
    """One file of a folder."""

    path: str
    """Relative to the folder."""
    migrated_from: str
    """Relative to the artifact repository: where it lay before."""
    sha256: str
    """Of the file's bytes; for a Git LFS pointer of the object it stands for."""
    size: int
    """In bytes; for a Git LFS pointer of the object it stands for."""
    media_type: str

    def to_json(self) -> dict[str, Any]:
        """As it stands in the manifest and in the migration log."""
        return {
            "path": self.path,
            "migrated_from": self.migrated_from,
            "sha256": self.sha256,
            "size_bytes": self.size,
            "media_type": self.media_type,
        }

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> FolderFile:
        """Read back what `to_json` wrote. Raises KeyError or TypeError for anything else."""
        return cls(
            str(said["path"]), str(said["migrated_from"]), str(said["sha256"]), int(said["size_bytes"]),
            str(said["media_type"]),
        )  # fmt: skip


def media_type(filename: str) -> str:
    """The media type a file's name stands for; the same on every machine."""
    extension = "." + split_extension(filename)[1].lower().rpartition(".")[2]
    guess = _OF_SCIENCE.get(extension) or _TYPES.guess_type(f"x{extension}", strict=True)[0]
    return guess or "application/octet-stream"


def manifest_bytes(row: ArtifactRow, files: Sequence[FolderFile]) -> bytes:
    """The manifest of a row as it is after its migration. ValueError when the row holds no valid JSON."""
    created = row.created_at
    document = {
        "artifact_id": row.uuid,
        "id": row.id,
        "artifact_type": row.artifact_type,
        "title": row.title,
        "content_hash": row.content_hash,
        "file_path": row.file_path,
        "metadata": row.metadata,
        "provenance_chain": row.provenance_chain,
        "created_at": created.astimezone(UTC).isoformat() if created else None,
        "artifact_dir": row.artifact_dir,
        "primary_filename": row.primary_filename,
        "accessory_filenames": list(row.accessory_filenames or ()),
        "folder_layout_version": row.layout_version,
        "files": [file.to_json() for file in sorted(files, key=lambda f: f.path)],
    }
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1)
    return text.encode("utf-8")
