"""The folder migration's survey: who claims which file, what nobody claims, what the hashes are of."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scidex_console.domain.errors import Refused, UnsafePath
from scidex_console.domain.folders.hashes import HashSource, advice, expected_hash, sample_sources
from scidex_console.domain.folders.orphans import orphans
from scidex_console.domain.folders.resolving import TreeIndex, is_recordable
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.folders.tree import SYMLINK
from scidex_console.engine.jobs.folder_reading import FolderReader
from scidex_console.engine.ports import ArtifactRepository, Census, FolderFiles, FolderStore
from scidex_console.engine.threads import in_thread

_SAMPLE = 200
"""Rows whose files are hashed to see which source tells the truth."""


@dataclass
class _Seen:
    """What the rows that were looked at come to."""

    claims: list[tuple[str, str]] = field(default_factory=list)
    """Paths, and the artifacts that claim them."""
    files: set[str] = field(default_factory=set)
    """Every path that is claimed, also those that the database cannot hold."""
    with_files: int = 0
    sample: list[tuple[Mapping[str, Any], str | None, str]] = field(default_factory=list)
    """Metadata and `content_hash` of a row, and the hash that its file really has."""
    flagged: list[tuple[Mapping[str, Any], str | None, str]] = field(default_factory=list)
    """The same of rows that are known to differ: they stand for the rest only when there is no other."""

    @property
    def told(self) -> list[tuple[Mapping[str, Any], str | None, str]]:
        """What the sources are judged by."""
        return self.sample or self.flagged


class FolderSurvey:
    """Compares the rows that are not migrated with the files git has."""

    def __init__(
        self,
        *,
        store: FolderStore,
        reader: FolderReader,
        repository: ArtifactRepository,
        folders: FolderFiles,
        hash_sources: Sequence[HashSource],
    ) -> None:
        self._store = store
        self._reader = reader
        self._repository = repository
        self._folders = folders
        self._hash_sources = hash_sources
        self._seen = 0

    @property
    def seen(self) -> int:
        """The horizon of the last look: what was written since may claim what nobody claimed."""
        return self._seen

    async def refresh(self) -> None:
        """Look again at the rows that were written since the last look, and at nothing else."""
        rows, seen = await self._store.changed_since(self._seen)
        if rows:
            tree = await in_thread(self._reader.look)
            claims = await asyncio.to_thread(self._claims_now, rows, tree)
            await self._store.record_claims([row.id for row in rows], claims)
        self._seen = seen

    def _claims_now(self, rows: Sequence[ArtifactRow], tree: TreeIndex) -> list[tuple[str, str]]:
        found = [(row, self._reader.resolve(row, tree)) for row in rows]
        return [(path, row.id) for row, resolved in found for path in resolved.files if is_recordable(path)]

    async def take(self) -> None:
        """Look at everything, and record it."""
        self._seen = await self._store.horizon()
        await asyncio.to_thread(self._repository.check)
        tree = await in_thread(self._reader.look)
        named: set[str] = set()
        async for page in self._store.rows():
            named |= await asyncio.to_thread(self._named, page, tree)
        claimed = frozenset(named)
        self._reader.remember_claims(claimed)
        # The rows are read twice rather than kept: there may be a million of them.
        seen = _Seen()
        async for page in self._store.rows():
            await asyncio.to_thread(self._note, seen, page, tree, claimed)
        await self._store.record_survey(
            seen.claims,
            Census(
                files=sum(entry.mode != SYMLINK for entry in tree.entries.values()),
                bytes=await asyncio.to_thread(self._repository.size),
                orphans=len(orphans(tree, seen.files)),
                with_files=seen.with_files,
                hash_advice=advice(self._hash_sources, sample_sources(self._hash_sources, seen.told)),
            ),
        )

    def _named(self, rows: Sequence[ArtifactRow], tree: TreeIndex) -> set[str]:
        nobody = frozenset(tree.entries)  # with everything claimed, nothing is a companion
        return {path for row in rows for path in self._reader.resolve(row, tree, nobody).files}

    def _note(
        self, seen: _Seen, rows: Sequence[ArtifactRow], tree: TreeIndex, claimed: frozenset[str]
    ) -> None:
        for row in rows:
            resolved = self._reader.resolve(row, tree, claimed)
            seen.claims += [(path, row.id) for path in resolved.files if is_recordable(path)]
            seen.files.update(resolved.files)
            seen.with_files += bool(resolved.files)
            sample = seen.flagged if row.flagged else seen.sample
            if len(sample) < _SAMPLE and resolved.files and not resolved.quarantine and _promises(row):
                try:
                    there = self._folders.examine(resolved.files[0])
                except (Refused, UnsafePath):
                    continue  # what is wrong with it is told when its artifact is read
                if there is not None:
                    actual = there.pointer.sha256 if there.pointer else there.sha256
                    sample.append((row.metadata, row.content_hash, actual))


def _promises(row: ArtifactRow) -> bool:
    said = expected_hash(tuple(HashSource), metadata=row.metadata, content_hash=row.content_hash)
    return said is not None
