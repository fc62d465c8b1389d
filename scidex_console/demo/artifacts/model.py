"""The demo's artifacts as values: what is planned before anything is written."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

SUBMODULE = "data/scidex-artifacts"
"""Where the artifact repository lies inside the outer one."""


class ContentKind(StrEnum):
    """What a file holds; `contents` makes it."""

    PNG = "png"
    SVG = "svg"
    NOTEBOOK = "notebook"
    HTML = "html"
    CSV = "csv"
    JSON = "json"
    MARKDOWN = "markdown"
    PICKLE = "pickle"
    SCRIPT = "script"
    LFS_POINTER = "lfs-pointer"
    EMPTY = "empty"
    PAPER_FIGURE = "paper-figure"
    """The very image the demo's host serves for the address that is the file's key."""


@dataclass(frozen=True)
class StoredFile:
    """One file of the artifact repository. Two with the same kind and key have the same bytes."""

    path: str
    """Inside the artifact repository."""
    kind: ContentKind
    key: str
    executable: bool = False
    earlier_path: str = ""
    """Where it lay before a later commit moved it; empty when it never moved."""
    rewritten: bool = False
    """Whether a later commit replaced its first bytes."""


class HashUse(StrEnum):
    """What an artifact's `content_hash` holds. In SciDEX it is not always the hash of a file."""

    NONE = "none"
    FILE = "file"
    """sha256 of the primary file; of what an LFS pointer stands for, where the file is one."""
    KEY = "key"
    """A key over title and metadata."""
    STALE = "stale"
    """sha256 of the primary file before it was rewritten."""


@dataclass(frozen=True)
class Artifact:
    """One row of `artifacts`, but for what depends on the bytes of its files."""

    id: str
    artifact_type: str
    title: str | None
    created_at: datetime
    updated_at: datetime
    metadata: dict[str, Any]
    provenance_chain: list[dict[str, Any]] | None = None
    file_path: str | None = None
    files: tuple[StoredFile, ...] = ()
    """The primary file first."""
    hash_use: HashUse = HashUse.NONE
    records_sha256: bool = False
    """Whether `metadata.file_sha256` and `file_size_bytes` describe the primary file."""


@dataclass(frozen=True)
class Link:
    """One row of `artifact_links`: the source was made from, or speaks of, the older target."""

    source: str
    target: str
    link_type: str


def recorded(path: str) -> str:
    """A path of the artifact repository as rows record it."""
    return f"{SUBMODULE}/{path}"
