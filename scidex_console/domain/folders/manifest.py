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
from datetime import UTC, datetime
from typing import Any, Final

from scidex_console.domain.folders.names import split_extension
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.row_json import row_json

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
        """Read back what `to_json` wrote. Raises ValueError for anything else."""
        try:
            return cls(
                path=str(said["path"]),
                migrated_from=str(said["migrated_from"]),
                sha256=str(said["sha256"]),
                size=int(said["size_bytes"]),
                media_type=str(said["media_type"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a file as the migration log records it: {said!r}") from error


_NO_MANIFEST: Final = (
    "cannot be mirrored in a manifest: metadata that is no object, "
    "is nested too deeply, or holds what JSON cannot"
)


def media_type(filename: str) -> str:
    """The media type a file's name stands for, whatever types the machine knows of."""
    extension = "." + split_extension(filename)[1].lower().rpartition(".")[2]
    guess = _OF_SCIENCE.get(extension) or _TYPES.guess_type(f"x{extension}", strict=True)[0]
    return guess or "application/octet-stream"


def manifest_bytes(row: ArtifactRow, files: Sequence[FolderFile]) -> bytes:
    """The manifest of a row as it is after its migration.

    Raises ValueError when the row holds what JSON or UTF-8 cannot: NaN, infinities, lone surrogates.
    """
    document = {
        "artifact_id": row.uuid,
        "id": row.id,
        "artifact_type": row.artifact_type,
        "title": row.title,
        "content_hash": row.content_hash,
        "file_path": row.file_path,
        "metadata": row.metadata,
        "provenance_chain": row.provenance_chain,
        "created_at": instant(row.created_at),
        "artifact_dir": row.artifact_dir,
        "primary_filename": row.primary_filename,
        "accessory_filenames": list(row.accessories),
        "folder_layout_version": row.layout_version,
        "files": [file.to_json() for file in sorted(files, key=lambda f: f.path)],
    }
    try:
        text = row_json(document, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the row of {row.id} {_NO_MANIFEST} ({error})") from error
    return text.encode("utf-8")


def rebuilt_manifest(row: ArtifactRow, files_moved: Sequence[Mapping[str, Any]] | None) -> bytes:
    """What the manifest must be: from the row as it is now and what the migration log says of its files.

    `files_moved` is that column of the artifact's last success; None for a row of the database alone.
    Raises ValueError when either cannot be put into a manifest.
    """
    return manifest_bytes(row, [FolderFile.from_json(said) for said in files_moved or ()])


def lay_before(files_moved: Sequence[Mapping[str, Any]] | None) -> dict[str, str]:
    """Where the files of a folder lay before it, by path in the folder, as that column of the log says."""
    listed = [said for said in files_moved or () if isinstance(said, dict)]
    found = ((said.get("path"), said.get("migrated_from")) for said in listed)
    return {path: place for path, place in found if isinstance(path, str) and isinstance(place, str)}


def is_manifest_of(row: ArtifactRow, content: bytes) -> bool:
    """Whether a file is an artifact's manifest by its own word, whoever has written it."""
    try:
        said = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(said, dict) and (said.get("id") == row.id or said.get("artifact_id") == row.uuid)


def instant(time: datetime | None) -> str | None:
    """A time as manifests have it: in UTC, or without a zone if it names none (it would be the machine's)."""
    if time is None:
        return None
    return (time.astimezone(UTC) if time.tzinfo else time).isoformat()
