"""Which files no row claims, as the rows and the commit at the tip are now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field

from scidex_console.domain.folders.orphans import claims, orphans
from scidex_console.domain.folders.resolving import TreeIndex
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.engine.jobs.folder_reading import FolderReader

Rows = Callable[[], AsyncIterator[Sequence[ArtifactRow]]]
"""All rows without a folder, in pages."""


@dataclass(frozen=True)
class Found:
    """One look."""

    tree: TreeIndex
    orphans: Sequence[str]
    """Paths, in order."""
    waiting: int
    """Artifacts without a folder."""
    taken: frozenset[str] = field(default_factory=frozenset)
    """The same paths, to ask of one."""


class OrphanFinder:
    """Looks at rows and files; changes neither."""

    def __init__(self, rows: Rows, reader: FolderReader) -> None:
        self._rows = rows
        self._reader = reader

    async def look(self) -> Found:
        """What no row claims. Raises `Unreachable`, `RepositoryError`."""
        tree = await asyncio.to_thread(self._reader.look)
        rows = [row async for page in self._rows() for row in page]
        claimed = await asyncio.to_thread(claims, rows, tree, self._reader.rules)
        found = orphans(tree, claimed)
        there = await asyncio.to_thread(self._reader.look)
        if there is not tree:
            # What was moved while the rows were read is no orphan.
            found = [path for path in found if path in there.entries]
        return Found(there, found, len(rows), frozenset(found))
