"""From what was read to the documents of the interface."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from scidex_console.domain.folders.layout import Direction
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.handles import handle_in_addresses
from scidex_console.domain.reading.embeds import expand
from scidex_console.domain.reading.found import FileRole, FoundArtifact, FoundFile
from scidex_console.domain.reading.kinds import Source
from scidex_console.domain.row_json import marked
from scidex_console.engine.reading.viewers import MOST_NEIGHBOURS, LinksView, SearchPage
from scidex_console.web import answers
from scidex_console.web.addresses import artifact_path, file_path
from scidex_console.web.library import names_of


def title_of(row: ArtifactRow) -> str:
    """Its title, or its id where it has none."""
    return row.title or row.id


def brief(row: ArtifactRow) -> answers.Brief:
    """A row in a list."""
    return answers.Brief(**_brief(row))


def artifact(found: FoundArtifact) -> answers.Artifact:
    """All about an artifact."""
    row = found.row
    return answers.Artifact(
        **_brief(row),
        content_hash=row.content_hash,
        file_path=row.file_path,
        metadata=marked(row.metadata),
        provenance_chain=marked(row.provenance_chain),
        read_from=read_from(found),
        files=stored_files(found),
    )


def page(found: SearchPage) -> answers.Page:
    """A page of a list."""
    return answers.Page(items=[brief(each.row) for each in found.found], next=found.following)


def embed(found: FoundArtifact) -> answers.Embed:
    """What stands for `{{artifact:ID}}`, whatever its id is."""
    return answers.Embed(
        **handles(found.row),
        title=found.title,
        artifact_type=found.artifact_type,
        html=expand("{{artifact:it}}", {"it": found}),
    )


def folder(found: FoundArtifact) -> answers.Folder:
    """What lies in its folder."""
    return answers.Folder(
        **handles(found.row),
        artifact_dir=found.row.artifact_dir,
        read_from=read_from(found),
        files=stored_files(found),
    )


def links(view: LinksView, direction: Direction) -> answers.Links:
    """The ends of an artifact's links in one direction."""
    ends = view.inputs if direction is Direction.INPUTS else view.outputs
    return answers.Links(
        **handles(view.found.row),
        direction=direction.value,
        items=[
            answers.Linked(
                id=end.id,
                artifact_id=UUID(end.artifact_id) if end.artifact_id else None,
                url=artifact_path(end.handle),
                artifact_type=end.artifact_type,
                title=end.title or end.id,
                artifact_dir=end.artifact_dir,
                link_type=end.link_type,
            )
            for end in ends
        ],
        complete=len(view.inputs) + len(view.outputs) < MOST_NEIGHBOURS,
    )


def read_from(found: FoundArtifact) -> Literal["folder", "legacy"]:
    """Which way was taken; an artifact without files is read from where it would have them."""
    if found.source is Source.DATABASE:
        return "folder" if found.row.migrated_at else "legacy"
    return "folder" if found.source is Source.FOLDER else "legacy"


def stored_files(found: FoundArtifact) -> list[answers.StoredFile]:
    """Its files, the primary one first, the manifest last."""
    return [stored_file(found, name, file) for name, file in names_of(found).items()]


def stored_file(found: FoundArtifact, name: str, file: FoundFile) -> answers.StoredFile:
    """One of its files."""
    pinned = "" if file.is_pointer or file.role is FileRole.MANIFEST else file.sha256
    return answers.StoredFile(
        name=name,
        role=file.role.value,
        path=file.path,
        size_bytes=file.size,
        sha256=file.sha256 or None,
        media_type=file.media_type,
        url=file_path(found.handle, name, pinned),
    )


def handles(row: ArtifactRow) -> dict[str, Any]:
    """Both of its names, and its address."""
    return handles_of(row.id, row.uuid)


def handles_of(artifact_id: str, uuid: str | None) -> dict[str, Any]:
    """The same of an artifact that no row is at hand of."""
    return {
        "id": artifact_id,
        "artifact_id": UUID(uuid) if uuid else None,
        "url": artifact_path(handle_in_addresses(artifact_id, uuid)),
    }


def _brief(row: ArtifactRow) -> dict[str, Any]:
    return {
        **handles(row),
        "artifact_type": row.artifact_type,
        "title": title_of(row),
        "created_at": row.created_at,
        "artifact_dir": row.artifact_dir,
        "primary_filename": row.primary_filename,
        "accessory_filenames": list(row.accessories),
        "folder_layout_version": row.layout_version,
        "migrated_to_folder_at": row.migrated_at,
    }
