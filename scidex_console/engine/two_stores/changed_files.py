"""What a rollback of folders would keep, or a redo leave out, as somebody has changed a file: a cheap look.

The rollback or redo itself reads every file (`LaidFolders`) and so may find more: another content of the same
size that is in the checkout alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from scidex_console.domain.batches import Operation
from scidex_console.domain.folders.entries import EntryRole, FolderEntry, sha256_of
from scidex_console.engine.attributes import kept_otherwise, moved_files
from scidex_console.engine.ports import ArtifactRepository

_Judge = Callable[[FolderEntry, Mapping[str, str]], str]
"""Why an entry, by what git has, is in its artifact's way; or nothing."""


class Glance(Protocol):
    """What can be seen of the checkout without much reading."""

    def size_of(self, path: str) -> int | None:
        """Bytes of the regular file at a path; None when there is none."""
        ...

    def holds(self, path: str, sha256: str) -> bool:
        """Whether the path is a regular file of this content. Asked of manifests alone."""
        ...


def changed_files(
    repository: ArtifactRepository, glance: Glance, operations: Sequence[Operation], *, redo: bool
) -> Mapping[str, str]:
    """Artifacts whose folder would be kept (or not come again), each with the reason."""
    judge: _Judge = partial(_hindrance if redo else _change, glance)
    entries = [(operation.artifact_id, entry) for operation in operations for entry in operation.entries]
    paths = list(dict.fromkeys(path for _, entry in entries for path in (entry.path, entry.source) if path))
    known = repository.blobs_of(repository.head(), paths) if paths else {}
    found: dict[str, str] = {}
    for artifact_id, entry in entries:
        if artifact_id not in found and (reason := judge(entry, known)):
            found[artifact_id] = reason
    return {**_converted(repository, operations), **found} if redo else found


def _converted(repository: ArtifactRepository, operations: Sequence[Operation]) -> dict[str, str]:
    """Artifacts whose files git would keep otherwise in their folders, by attributes that came since."""
    moving = moved_files(operations)
    reasons = kept_otherwise(repository, list(moving)) if moving else {}
    return {moving[file]: reasons[file.new] for file in moving if file.new in reasons}


def _change(glance: Glance, entry: FolderEntry, known: Mapping[str, str]) -> str:
    """Why the entry would hold its artifact's folder back, or nothing."""
    at_path, at_source = known.get(entry.path), known.get(entry.source)
    if entry.replaced is None and entry.blob and at_path not in (None, entry.blob):
        return f"git has another file at {entry.path} than was laid there"
    if entry.role is not EntryRole.MOVED:
        return ""
    size = glance.size_of(entry.path)
    if size is None and at_source != entry.blob:
        return f"the file at {entry.path} is gone"
    if size not in (None, entry.size):
        return _resized(entry.path, size, entry)
    if at_source not in (None, entry.blob):
        return f"git has another file at its old place, {entry.source}"
    return ""


def _hindrance(glance: Glance, entry: FolderEntry, known: Mapping[str, str]) -> str:
    """Why the entry could not come about again, or nothing."""
    in_the_way = f"something else is at {entry.path}"
    if entry.replaced is not None:
        either = (entry.sha256, sha256_of(entry.replaced))
        return "" if any(glance.holds(entry.path, sha256) for sha256 in either) else in_the_way
    if known.get(entry.path, entry.blob) != entry.blob or glance.size_of(entry.path) not in (
        None,
        entry.size,
    ):
        return in_the_way
    if entry.role is not EntryRole.MOVED:
        return ""
    if known.get(entry.source) != entry.blob:
        return f"git's file at {entry.source} is not what was migrated"
    size = glance.size_of(entry.source)
    if size is None:
        return f"the file at {entry.source} is gone"
    return _resized(entry.source, size, entry) if size != entry.size else ""


def _resized(path: str, size: int | None, entry: FolderEntry) -> str:
    return f"the file at {path} has {size} bytes and was migrated with {entry.size}"
