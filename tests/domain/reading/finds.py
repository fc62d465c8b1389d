"""Artifacts as a reader finds them, for whatever is made of them."""

from __future__ import annotations

from scidex_console.domain.folders.manifest import media_type
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.reading.found import FileRole, FoundArtifact, FoundFile
from scidex_console.domain.reading.kinds import Source


def file(name: str, *, role: FileRole = FileRole.PRIMARY, pointer: bool = False) -> FoundFile:
    return FoundFile(name, role, f"u/{name}", 3, media_type(name), "", 0, pointer)


def found(
    *names: str, artifact_id: str = "a-1", artifact_type: str = "figure", title: str | None = "A title"
) -> FoundArtifact:
    """The first name is the primary file's."""
    row = ArtifactRow(
        artifact_id, artifact_type, title, None, None, {}, None, None, None, None, None, None, 1, None
    )
    roles = [FileRole.PRIMARY] + [FileRole.ACCESSORY] * len(names)
    files = tuple(file(name, role=role) for name, role in zip(names, roles, strict=False))
    return FoundArtifact(row, Source.FOLDER, files)
