"""Figures whose file is where it belongs though their row does not say so: nobody need be asked for them.

A row may have lost its path, or the checkout a file that git has. What the bytes must be is known from the
row's own hash, or from the journal when this tool stored them; nothing is taken for a figure by its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scidex_console.domain.figures import EXTENSIONS
from scidex_console.domain.paths import ArtifactPaths
from scidex_console.engine.ports import ArtifactRepository, FigureRow, Worktree


@dataclass(frozen=True)
class Found:
    """A file with the expected bytes at a figure's canonical path, in the checkout or at the branch's tip."""

    path: str
    extension: str
    sha256: str
    size: int


class Adoption:
    """Looks for the files of rows that lack theirs. Synchronous; changes nothing."""

    def __init__(self, repository: ArtifactRepository, worktree: Worktree, paths: ArtifactPaths) -> None:
        self._repository = repository
        self._worktree = worktree
        self._paths = paths

    def find(self, rows: Sequence[FigureRow], stored: Mapping[str, str]) -> dict[str, Found]:
        """What was found, by artifact. `stored` has the journal's hashes; a row's own goes first."""
        expected = {
            row.artifact_id: sha256
            for row in rows
            if not row.unavailable and (sha256 := row.sha256 or stored.get(row.artifact_id, ""))
        }
        if not expected:
            return {}
        places = {artifact_id: self._places(artifact_id) for artifact_id in expected}
        every = [path for by_extension in places.values() for path in by_extension.values()]
        blobs = self._repository.blobs_of(self._repository.head(), every)
        found: dict[str, Found] = {}
        for artifact_id, sha256 in expected.items():
            for extension, path in places[artifact_id].items():
                size = self._size(path, blobs.get(path), sha256)
                if size is not None:
                    found[artifact_id] = Found(path, extension, sha256, size)
                    break
        return found

    def _places(self, artifact_id: str) -> dict[str, str]:
        return {extension: self._paths.figure(artifact_id, extension) for extension in EXTENSIONS}

    def _size(self, path: str, blob: str | None, sha256: str) -> int | None:
        """Size of the file with these bytes; None when it is not there, or could not come back there."""
        present = self._worktree.digest(path)
        if present is not None:
            return present.size if present.sha256 == sha256 else None
        if blob is None or not self._worktree.is_vacant(path):
            return None
        hashing, size = hashlib.sha256(), 0

        def take(chunk: bytes) -> None:
            nonlocal size
            hashing.update(chunk)
            size += len(chunk)

        self._repository.export_blob(blob, take)
        return size if hashing.hexdigest() == sha256 else None
