"""`plan folders --orphans`: the files that no row claims, as they are now."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Sequence

from scidex_console.adapters.git.inspection import sizes
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.folders import PostgresFolders
from scidex_console.adapters.postgres.transactions import FencedDatabase
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.domain.folders.orphans import Orphan, OrphanPage, claims, orphans
from scidex_console.domain.folders.resolving import TreeIndex
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.settings import Settings
from scidex_console.wiring.stores import open_repository


async def list_orphans(settings: Settings, *, limit: int, after: str) -> OrphanPage:
    """Look at the commit at the tip and at every row that is not migrated; nothing is changed.

    Raises `Unreachable`, `SchemaMismatch`, `RepositoryError`.
    """
    repository = await asyncio.to_thread(open_repository, settings, SystemClock())
    head = await asyncio.to_thread(repository.head)
    tree = TreeIndex(await asyncio.to_thread(repository.tree))
    rows = await _rows(settings)
    rules = settings.folders.resolving(
        submodule=settings.repository.submodule, worktree=repository.checkout.worktree
    )
    found = orphans(tree, await asyncio.to_thread(claims, rows, tree, rules))
    if await asyncio.to_thread(repository.head) != head:
        # What was moved while the rows were read is no orphan.
        there = await asyncio.to_thread(repository.tree)
        found = [path for path in found if path in there]
    first = bisect_right(found, after) if after else 0
    page = found[first : first + limit]
    more = first + limit < len(found)
    return OrphanPage(
        len(found), await asyncio.to_thread(_told, repository, tree, page), page[-1] if more else None
    )


async def _rows(settings: Settings) -> list[ArtifactRow]:
    timeout = settings.database.statement_timeout.total_seconds()
    url = settings.database.need_url()
    async with Database(url, name="scidex-console plan", statement_timeout_s=timeout, size=1) as database:
        return [row async for page in PostgresFolders(FencedDatabase(database)).rows() for row in page]


def _told(repository: GitArtifactRepository, tree: TreeIndex, paths: Sequence[str]) -> list[Orphan]:
    entries = [(path, tree.entries[path]) for path in paths]
    known = sizes(repository.checkout, [entry.blob for _, entry in entries])
    return [Orphan(path, entry.mode, entry.blob, known.get(entry.blob, 0)) for path, entry in entries]
