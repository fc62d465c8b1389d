"""A new artifact's row, before any file of it is committed.

Spec (folders, phase 1): `id` goes on in the form `{type}-{uuid}`, `artifact_id` is a fresh UUID,
`artifact_dir` and `primary_filename` are known from the start.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from scidex_console.domain.errors import UsageError
from scidex_console.domain.folders.layout import LAYOUT_VERSION, RESERVED, FolderLayout
from scidex_console.domain.folders.names import Names, friendly_name
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.row_json import why_not_in_row

_TYPE = re.compile(r"[a-z][a-z0-9_]{0,62}")


def new_row(
    artifact_type: str,
    *,
    id_uuid: str,
    folder_uuid: str,
    layout: FolderLayout,
    submodule: str,
    title: str | None,
    filename: str | None,
    metadata: Mapping[str, Any],
    content_hash: str | None,
    provenance_chain: Any,
) -> ArtifactRow:
    """The row of a new artifact. Raises `UsageError` for a type that cannot be one, or what no row holds."""
    if not isinstance(artifact_type, str) or not _TYPE.fullmatch(artifact_type):
        raise UsageError(
            f"{artifact_type!r} is no artifact type",
            where="artifact_type",
            fix="write it in lower case letters, digits and _, as figure, notebook or kg_entity",
        )
    texts = {"title": title, "content_hash": content_hash}
    for field, text in {**texts, "filename": filename}.items():
        if not isinstance(text, str | None):
            raise UsageError(f"{text!r} is no text", where=field, fix="give a text, or leave it out")
    if not isinstance(metadata, Mapping):
        raise UsageError("metadata is no mapping", where="metadata", fix="give a dictionary, or leave it out")
    metadata = dict(metadata)
    for field, value in {**texts, "metadata": metadata, "provenance_chain": provenance_chain}.items():
        if why := why_not_in_row(value):
            raise UsageError(f"no row can hold this: {why}", where=field, fix="give what JSON can say")
    artifact_id = f"{artifact_type}-{id_uuid}"
    name = None
    if filename is not None:
        base = filename.rpartition("/")[2]
        name = friendly_name(
            base, artifact_type=artifact_type, artifact_id=artifact_id, names=Names(*RESERVED)
        )
    return ArtifactRow(
        id=artifact_id,
        artifact_type=artifact_type,
        title=title,
        content_hash=content_hash,
        file_path=None,
        metadata=metadata,
        provenance_chain=provenance_chain,
        created_at=None,
        uuid=folder_uuid,
        artifact_dir=f"{submodule}/{layout.folder(folder_uuid)}",
        primary_filename=name,
        accessory_filenames=None,
        layout_version=LAYOUT_VERSION,
        migrated_at=None,
    )
