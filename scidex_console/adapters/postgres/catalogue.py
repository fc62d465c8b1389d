"""What the read service asks besides artifacts: the newest, histories, former names, all addresses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.details import read_history
from scidex_console.adapters.postgres.folders import artifact_row
from scidex_console.adapters.postgres.snapshot import fetch
from scidex_console.domain.folders.rows import ArtifactRow
from scidex_console.domain.handles import handle_in_addresses, has_address
from scidex_console.engine.listing_views import ArtifactHistory
from scidex_console.engine.ports.catalogue import FormerName, Moved

_PORTION = 5000


class PostgresCatalogue:
    """Implements the engine's `Catalogue`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, limit: int) -> Sequence[ArtifactRow]:
        """The newest artifacts."""
        return [
            artifact_row(row)
            for row in await fetch(self._database, "list_newest_artifacts", {"limit": limit})
        ]

    async def history(self, artifact_id: str) -> ArtifactHistory:
        """What happened to an artifact."""
        return await read_history(self._database, artifact_id)

    async def former_names(self, artifact_id: str) -> Sequence[FormerName]:
        """Every place that a batch gave to a file of an artifact, the newest first."""
        rows = await fetch(self._database, "list_former_names", {"id": artifact_id})
        return [FormerName(row["path"], row["source"]) for row in rows]

    async def moved_from(self, path: str) -> Sequence[Moved]:
        """Whose file a batch moved from a path, and where to, the newest first."""
        rows = await fetch(self._database, "list_moved_from", {"path": path})
        return list(dict.fromkeys(Moved(row["artifact_id"], row["path"]) for row in rows))

    async def addresses(self, first: str, limit: int) -> AsyncIterator[Sequence[tuple[str, str]]]:
        """(what addresses call it, type) of `limit` artifacts from an id on, by id, in portions."""
        last, left = "", limit
        while left > 0:
            params = {"first": first, "after": last, "limit": min(left, _PORTION)}
            rows = await fetch(self._database, "list_addresses", params)
            if not rows:
                return
            last, left = rows[-1]["id"], left - len(rows)
            handles = [(handle_in_addresses(row["id"], row["uuid"]), row["artifact_type"]) for row in rows]
            yield [each for each in handles if has_address(each[0])]

    async def milestones(self, every: int) -> Sequence[str]:
        """By id, the first artifact and each further one that comes `every` artifacts later."""
        return [row["id"] for row in await fetch(self._database, "list_milestones", {"every": every})]
