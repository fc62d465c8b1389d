"""Files that no row claims, as they are decided about: named, adopted, kept below `orphans/`, or deleted.

An operation of the journal is about an artifact. One about such a file is about its *subject*: the path, told
from every artifact's id by what stands before it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scidex_console.domain.folders.names import kind_of, split_extension
from scidex_console.domain.folders.resolving import ResolvingRules
from scidex_console.domain.triage import PROMISE_KEY, Version

KEPT = "orphans"
"""Folder at the top of the artifact repository below which kept files lie."""
MANIFEST_SUFFIX = ".orphan.json"
ADOPTED_FROM = "adopted_from"
"""Metadata key of an adopted row: where its file lay."""

_SUBJECT = "orphan:"
_SIZE_KEY = "file_size_bytes"
_GROUPED = ("figure", "notebook", "dataset", "model")
_BY_KIND: Mapping[str, str] = {
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".tif", ".tiff"), "figure"),
    ".ipynb": "notebook",
    **dict.fromkeys((".csv", ".tsv", ".parquet", ".h5", ".h5ad", ".json", ".npz"), "dataset"),
    **dict.fromkeys((".pkl", ".pt", ".onnx"), "model"),
}


def subject_of(path: str) -> str:
    """What the journal and a decision call the file at a path."""
    return f"{_SUBJECT}{path}"


def is_orphan(subject: str) -> bool:
    """Whether an operation or a result is about a file that no row claims."""
    return subject.startswith(_SUBJECT)


def path_of(subject: str) -> str:
    """Where the file lies; what names no such file is taken for a path."""
    return subject.removeprefix(_SUBJECT)


def kept_at(path: str) -> str:
    """Where a file goes that is kept."""
    return f"{KEPT}/{path}"


def is_kept(path: str, tree: Collection[str]) -> bool:
    """Whether a path of git is a kept file or the manifest of one; each only beside the other."""
    if not path.startswith(f"{KEPT}/"):
        return False
    if f"{path}{MANIFEST_SUFFIX}" in tree:
        return True
    return path.endswith(MANIFEST_SUFFIX) and path.removesuffix(MANIFEST_SUFFIX) in tree


@dataclass(frozen=True)
class Decided:
    """Who decided, when and why."""

    decision: int
    at: datetime
    operator: str
    reason: str


def orphan_manifest(path: str, version: Version, decided: Decided) -> bytes:
    """What lies beside a kept file: canonical JSON, as an artifact's manifest is."""
    said: dict[str, Any] = {
        "path": path,
        "sha256": version.sha256,
        "size_bytes": version.size,
        "git_object": version.blob,
        "decision": decided.decision,
        "decided_at": decided.at.astimezone(UTC).isoformat(),
        "decided_by": decided.operator,
        "reason": decided.reason,
    }
    return json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def artifact_type_of(path: str, rules: ResolvingRules) -> str:
    """The type a file is adopted as, by its type's folder or by its kind; empty where neither tells."""
    top = path.partition("/")[0]
    for artifact_type in (*rules.type_folders, *_GROUPED):
        if "/" in path and rules.type_folder(artifact_type) == top:
            return artifact_type
    return _BY_KIND.get(kind_of(path), "")


@dataclass(frozen=True)
class NewRow:
    """The row that an adoption registers, as the journal keeps it."""

    id: str
    uuid: str
    artifact_type: str
    title: str
    metadata: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As the journal keeps it."""
        return {
            "id": self.id,
            "artifact_id": self.uuid,
            "artifact_type": self.artifact_type,
            "title": self.title,
            "metadata": dict(self.metadata),
        }

    def image(self) -> dict[str, Any]:
        """The fields by which it is known to stand as it was registered."""
        return {
            "artifact_type": self.artifact_type,
            "title": self.title,
            "metadata": dict(self.metadata),
            "migrated_to_folder_at": None,
        }

    @staticmethod
    def from_json(said: Mapping[str, Any] | None) -> NewRow | None:
        """What the journal keeps, or nothing."""
        if said is None:
            return None
        return NewRow(said["id"], said["artifact_id"], said["artifact_type"], said["title"], said["metadata"])


def adopted_row(path: str, artifact_type: str, *, uuid: str, sha256: str, size: int, recorded: str) -> NewRow:
    """The row of an adopted file; `recorded` is its path as rows record it, `sha256` that of its content."""
    stem = split_extension(path.rpartition("/")[2])[0]
    metadata = {
        f"{artifact_type}_path": recorded,
        PROMISE_KEY: sha256,
        _SIZE_KEY: size,
        ADOPTED_FROM: path,
    }
    return NewRow(
        f"{artifact_type}-{uuid}", uuid, artifact_type, stem.replace("_", " ").strip() or stem, metadata
    )


def phrase_to_type(files: int) -> str:
    """What a person types who wants files deleted."""
    return f"delete {files} file{'' if files == 1 else 's'}"
