"""The folder migration's survey: who claims which file, what nobody claims, what the hashes are of."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from scidex_console.domain.folders.hashes import HashSource, advice, promised, sample_sources
from scidex_console.domain.folders.orphans import orphans
from scidex_console.domain.folders.resolving import Resolved, TreeIndex, is_recordable
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.folders.tree import SYMLINK
from scidex_console.engine.jobs.folder_reading import FolderReader
from scidex_console.engine.ports import ArtifactRepository, Census, FolderFiles, FolderStore
from scidex_console.engine.threads import in_thread

_SAMPLE = 200
"""Rows whose files are hashed to see which source tells the truth."""


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
        rows: list[ArtifactRow] = []
        named: set[str] = set()
        async for page in self._store.rows():
            rows.extend(page)
            named |= await asyncio.to_thread(self._named, page, tree)
        claimed = frozenset(named)
        self._reader.remember_claims(claimed)
        found = await asyncio.to_thread(self._resolve, rows, tree, claimed)
        claims = [(path, row.id) for row, resolved in found for path in resolved.files if is_recordable(path)]
        advised = await asyncio.to_thread(self._advice, found)
        await self._store.record_survey(
            claims,
            Census(
                files=sum(entry.mode != SYMLINK for entry in tree.entries.values()),
                bytes=await asyncio.to_thread(self._repository.size),
                orphans=len(orphans(tree, {path for _, resolved in found for path in resolved.files})),
                with_files=sum(bool(resolved.files) for _, resolved in found),
                hash_advice=advised,
            ),
        )

    def _named(self, rows: Sequence[ArtifactRow], tree: TreeIndex) -> set[str]:
        nobody = frozenset(tree.entries)  # with everything claimed, nothing is a companion
        return {path for row in rows for path in self._reader.resolve(row, tree, nobody).files}

    def _resolve(
        self, rows: Sequence[ArtifactRow], tree: TreeIndex, claimed: frozenset[str]
    ) -> list[tuple[ArtifactRow, Resolved]]:
        return [(row, self._reader.resolve(row, tree, claimed)) for row in rows]

    def _advice(self, found: Sequence[tuple[ArtifactRow, Resolved]]) -> str:
        sample = []
        for row, resolved in found:
            if resolved.files and not resolved.quarantine and _promises(row):
                there = self._folders.examine(resolved.files[0])
                if there is not None:
                    actual = there.pointer.sha256 if there.pointer else there.sha256
                    sample.append((row.metadata, row.content_hash, actual))
            if len(sample) == _SAMPLE:
                break
        return advice(self._hash_sources, sample_sources(sample))


def _promises(row: ArtifactRow) -> bool:
    said = (promised(s, metadata=row.metadata, content_hash=row.content_hash) for s in HashSource)
    return any(expected is not None for expected in said)
