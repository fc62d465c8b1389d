"""What the interface answers, as documents: the same classes make the JSON and its description.

Every answer about an artifact holds both handles, `id` and `artifact_id`, and the folder fields (spec,
"Folder + URL semantics").
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field


class Handles(BaseModel):
    """Both names of an artifact."""

    id: str = Field(description="The legacy handle; it never changes.")
    artifact_id: UUID | None = Field(description="The UUID; null while none is minted.")
    url: str = Field(description="The canonical address of its page.")


class Brief(Handles):
    """An artifact in a list."""

    artifact_type: str
    title: str
    created_at: datetime | None
    artifact_dir: str | None = Field(description="Its folder, relative to the outer repository.")
    primary_filename: str | None
    accessory_filenames: list[str]
    folder_layout_version: int | None
    migrated_to_folder_at: datetime | None


class StoredFile(BaseModel):
    """A file of an artifact, wherever it lies by now."""

    name: str = Field(description="Name within the artifact; the last part of its address.")
    role: Literal["primary", "accessory", "manifest"]
    path: str = Field(description="Where it lies in the artifact repository.")
    size_bytes: int | None = Field(description="Null where it could not be read.")
    sha256: str | None = Field(description="Of its bytes; null where nobody has told or computed it.")
    media_type: str
    url: str = Field(description="Its address; with a hash in it, its bytes never change.")


class Artifact(Brief):
    """All of an artifact's row, and its files."""

    content_hash: str | None
    file_path: str | None
    metadata: dict[str, Any]
    provenance_chain: Any
    read_from: Literal["folder", "legacy"] = Field(description="Which of both the reader has looked in.")
    files: list[StoredFile]


class Folder(Handles):
    """What lies in an artifact's folder; before it has one, its files where they are."""

    artifact_dir: str | None
    read_from: Literal["folder", "legacy"]
    files: list[StoredFile]


class Linked(Handles):
    """An artifact at the other end of a link."""

    artifact_type: str
    title: str
    artifact_dir: str | None
    link_type: str


class Links(Handles):
    """Artifacts linked in one direction."""

    direction: Literal["inputs", "outputs"]
    items: list[Linked]
    complete: bool = Field(description="False where there are more than are listed.")


class Page(BaseModel):
    """A page of a list."""

    items: list[Brief]
    next: str | None = Field(description="Pass it as `after` for the next page; null on the last one.")


class Embed(Handles):
    """What stands for `{{artifact:ID}}` in a text."""

    title: str
    artifact_type: str
    html: str = Field(description="A fragment without scripts, everything in it escaped.")


class Accessory(Handles):
    """An accessory that lies in the artifact's folder now."""

    file: StoredFile
    created: bool = Field(description="False where the same bytes lay there already.")
    commit: str = Field(description="The commit that has it; empty where nothing had to be done.")
