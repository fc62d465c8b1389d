"""What an artifact's folder holds, as its manifest in git says."""

from __future__ import annotations

import json

from scidex_console.domain.folders.layout import MANIFEST, stored_folder
from scidex_console.domain.folders.manifest import FolderFile
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.engine.ports import ArtifactRepository


def standing_manifest(repository: ArtifactRepository, row: ArtifactRow, submodule: str) -> bytes | None:
    """The manifest that git has in the folder a row names; None when there is none. Blocks."""
    folder = stored_folder(row.artifact_dir, row.uuid, submodule=submodule) if row.uuid else None
    if folder is None:
        return None
    path = f"{folder}/{MANIFEST}"
    blob = repository.blobs_of(repository.head(), [path]).get(path)
    if blob is None:
        return None
    content = bytearray()
    repository.export_blob(blob, content.extend)
    return bytes(content)


def files_of_manifest(manifest: bytes | None) -> tuple[FolderFile, ...]:
    """The files a manifest lists. Raises ValueError when there is none, or it is none of ours."""
    if manifest is None:
        raise ValueError("git has no manifest there")
    said = json.loads(manifest)
    files = said.get("files") if isinstance(said, dict) else None
    if not isinstance(files, list):
        raise ValueError("its manifest lists no files")
    return tuple(FolderFile.from_json(each) for each in files)
