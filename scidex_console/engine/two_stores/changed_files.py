"""What a rollback of folders would keep, as somebody has changed a file in them: a cheap look beforehand.

The rollback itself reads every file (`LaidFolders.reappear`) and so may find more: another content of the
same size that is in the checkout alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from scidex_console.domain.batches import Operation
from scidex_console.domain.folders.entries import EntryRole, FolderEntry
from scidex_console.engine.ports import ArtifactRepository


def changed_files(
    repository: ArtifactRepository, size_of: Callable[[str], int | None], operations: Sequence[Operation]
) -> Mapping[str, str]:
    """Artifacts whose folder would be kept, each with the reason; by git's tip and by the sizes of files.

    `size_of` gives the bytes of the regular file at a path of the checkout; None when there is none.
    """
    entries = [(operation.artifact_id, entry) for operation in operations for entry in operation.entries]
    paths = list(dict.fromkeys(path for _, entry in entries for path in (entry.path, entry.source) if path))
    known = repository.blobs_of(repository.head(), paths) if paths else {}
    found: dict[str, str] = {}
    for artifact_id, entry in entries:
        if artifact_id not in found and (reason := _change(entry, known, size_of)):
            found[artifact_id] = reason
    return found


def _change(entry: FolderEntry, known: Mapping[str, str], size_of: Callable[[str], int | None]) -> str:
    """Why the entry would hold its artifact's folder back, or nothing."""
    at_path, at_source = known.get(entry.path), known.get(entry.source)
    if entry.replaced is None and entry.blob and at_path not in (None, entry.blob):
        return f"git has another file at {entry.path} than was laid there"
    if entry.role is not EntryRole.MOVED:
        return ""
    size = size_of(entry.path)
    if size is None and at_source != entry.blob:
        return f"the file at {entry.path} is gone"
    if size not in (None, entry.size):
        return f"the file at {entry.path} has {size} bytes and was migrated with {entry.size}"
    if at_source not in (None, entry.blob):
        return f"git has another file at its old place, {entry.source}"
    return ""
