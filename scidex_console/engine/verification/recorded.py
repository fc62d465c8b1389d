"""Rows whose recorded path leads to an accessory that came later: earlier versions wrote such paths (I1).

A writer's accessory that was called as the primary file once was, or lay where a path said, took that path.
The row of an artifact that was migrated named its primary file before, so it must lead to that one still.
"""

from __future__ import annotations

from collections.abc import Iterator

from scidex_console.domain.errors import UnsafePath
from scidex_console.domain.folders.layout import ACCESSORIES
from scidex_console.domain.folders.resolving import ResolvingRules
from scidex_console.engine.verification.evidence import Evidence
from scidex_console.engine.verification.facts import FolderRow
from scidex_console.engine.verification.findings import Examination


def recorded_paths_lead_to_their_files(exam: Examination, evidence: Evidence) -> None:
    """I1 of recorded paths, for as long as rows from then are about."""
    rules = evidence.resolving
    if rules is None:
        return
    for found in evidence.folders.settled:
        folder = evidence.folders.folder(found.row)
        if folder is None:
            continue  # I2 tells
        for field, path in _of_primary_file(found, rules):
            name = path.removeprefix(f"{folder}/")
            if name != path and _came_later(found, name):
                wanted = f"{rules.submodule}/{folder}/{found.row.primary_filename}"
                exam.broken(
                    f"{found.row.id}: {field} leads to {path}, an accessory that was added later;"
                    f" set it to {wanted}"
                )


def _of_primary_file(found: FolderRow, rules: ResolvingRules) -> Iterator[tuple[str, str]]:
    """What the row says of its primary file, and where that leads."""
    row = found.row
    said = {"file_path": row.file_path} | {
        f"metadata.{key}": row.metadata.get(key) for key in rules.primary_keys_of(row.artifact_type)
    }
    for field, value in said.items():
        try:
            path = rules.inside(value) if isinstance(value, str) else None
        except UnsafePath:
            continue  # others tell
        if path is not None:
            yield field, path


def _came_later(found: FolderRow, name: str) -> bool:
    """Whether a file of the folder was added by a writer, where the primary file was moved there."""
    files = {str(f.get("path")): f for f in found.files_moved or () if isinstance(f, dict)}
    primary, other = files.get(found.row.primary_filename or ""), files.get(name)
    if primary is None or other is None or not name.startswith(f"{ACCESSORIES}/"):
        return False
    return bool(primary.get("migrated_from")) and not other.get("migrated_from")
