"""Rows, rules and trees that the tests of this folder begin from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from scidex_console.domain.folders.planning import ReadFile
from scidex_console.domain.folders.resolving import ResolvingRules, TreeEntry, TreeIndex
from scidex_console.domain.folders.rows import ArtifactRow

UUID = "0b9f3c1e-6f0a-4c1d-9d57-0a1b2c3d4e5f"
OTHER = "ab000000-0000-4000-8000-000000000001"
SUBMODULE = "data/scidex-artifacts"
WORKTREE = "/srv/store"

RULES = ResolvingRules(
    submodule=SUBMODULE,
    worktree=WORKTREE,
    path_keys=("figure_path", "notebook_path", "dataset_path", "html_path"),
    type_folders={"analysis": "analyses"},
    primary_extensions=(".ipynb", ".csv", ".png", ".html"),
)

_ROW = ArtifactRow(
    id="notebook-1",
    artifact_type="notebook",
    title=None,
    content_hash=None,
    file_path=None,
    metadata={},
    provenance_chain=None,
    created_at=datetime(2026, 4, 28, 12, 0, 0, 250, tzinfo=UTC),
    uuid=UUID,
    artifact_dir=None,
    primary_filename=None,
    accessory_filenames=None,
    layout_version=1,
    migrated_at=None,
)


def row(metadata: Mapping[str, Any] | None = None, **fields: Any) -> ArtifactRow:
    """A notebook's row that says nothing but what is given."""
    return replace(_ROW, metadata=metadata or {}, **fields)


def tree(*paths: str, **modes: str) -> TreeIndex:
    """Plain files at `paths`; `links` and `repositories` name one path each of that kind."""
    entries = {path: TreeEntry("100644", "b" * 40) for path in paths}
    if "links" in modes:
        entries[modes["links"]] = TreeEntry("120000", "c" * 40)
    if "repositories" in modes:
        entries[modes["repositories"]] = TreeEntry("160000", "d" * 40)
    return TreeIndex(entries)


def read(path: str, **fields: Any) -> ReadFile:
    """A small file that was read at `path`."""
    return replace(ReadFile(path, "100644", "b" * 40, "5" * 64, 7), **fields)
