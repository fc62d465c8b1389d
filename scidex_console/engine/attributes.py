"""Whether git keeps a file at its new path as it did at its old one, by `.gitattributes` as they are now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from scidex_console.domain.batches import Operation
from scidex_console.domain.folders.entries import SYMLINK, EntryRole
from scidex_console.engine.ports import ArtifactRepository

_FILTERED = (
    ".gitattributes has {} at its old path and {} in a folder of its own: add a line that knows no folder"
)


class Moving(NamedTuple):
    """A regular file on its way."""

    old: str
    new: str
    blob: str
    """Git's object at the old path, which is to be that at the new one."""


def moved_files(operations: Sequence[Operation]) -> dict[Moving, str]:
    """The files that operations move, each with its artifact."""
    return {
        Moving(entry.source, entry.path, entry.blob): operation.artifact_id
        for operation in operations
        for entry in operation.entries
        if entry.role is EntryRole.MOVED and entry.mode != SYMLINK
    }


def kept_otherwise(repository: ArtifactRepository, files: Sequence[Moving]) -> Mapping[str, str]:
    """By new path, why git would keep a file otherwise there, and would call it changed. Blocks.

    Asked of the very paths, since attributes may name folders, depths and names.
    """
    paths = [path for file in files for path in (file.old, file.new)]
    said = repository.conversions(paths, line_ends=True)
    found = {}
    for file in files:
        old, new = said.get(file.old, ""), said.get(file.new, "")
        if old != new and _differs(repository, file, old, new):
            found[file.new] = _FILTERED.format(old or "nothing", new or "nothing")
    return found


def _differs(repository: ArtifactRepository, file: Moving, old: str, new: str) -> bool:
    differs = {*old.split(", ")} ^ {*new.split(", ")}
    if "filter=" in new or not all(word.startswith(("text", "eol")) for word in differs if word):
        return True
    # Line ends may be git's already, as in most files that `* text=auto` speaks of.
    # One that has gone meanwhile is met by the batch, as in a store without attributes.
    return repository.stored_as(file.old, file.new) not in ("", file.blob)
