"""`plan folders --orphans`: the files that no row claims, as they are now."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Sequence

from scidex_console.adapters.git.inspection import sizes
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.system.clock import SystemClock
from scidex_console.domain.folders.orphans import Orphan, OrphanPage
from scidex_console.domain.folders.resolving import TreeIndex
from scidex_console.settings import Settings
from scidex_console.wiring.stores import open_repository
from scidex_console.wiring.triage import case_reader, orphan_finder


async def list_orphans(settings: Settings, *, limit: int, after: str) -> OrphanPage:
    """Look at the commit at the tip and at every row that is not migrated; nothing is changed.

    Raises `Unreachable`, `SchemaMismatch`, `RepositoryError`.
    """
    timeout = settings.database.statement_timeout.total_seconds()
    url = settings.database.need_url()
    reader = await asyncio.to_thread(case_reader, settings)
    async with Database(url, name="scidex-console plan", statement_timeout_s=timeout, size=1) as database:
        seen = await orphan_finder(database, reader).look()
    repository = await asyncio.to_thread(open_repository, settings, SystemClock())
    return await asyncio.to_thread(page_of, repository, seen.tree, seen.orphans, limit=limit, after=after)


def page_of(
    repository: GitArtifactRepository, tree: TreeIndex, found: Sequence[str], *, limit: int, after: str
) -> OrphanPage:
    """So many of these paths behind one of them, with what git says of each. Blocks."""
    first = bisect_right(found, after) if after else 0
    page = found[first : first + limit]
    more = first + limit < len(found)
    entries = [(path, tree.entries[path]) for path in page]
    known = sizes(repository.checkout, [entry.blob for _, entry in entries])
    told = [Orphan(path, entry.mode, entry.blob, known.get(entry.blob, 0)) for path, entry in entries]
    return OrphanPage(len(found), told, page[-1] if more else None)
