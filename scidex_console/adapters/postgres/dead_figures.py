"""Figures that are gone, or said to be."""

from __future__ import annotations

from collections.abc import Sequence

from scidex_console.adapters.postgres.database import Database, query


async def dead_figures(database: Database) -> Sequence[tuple[str, str]]:
    """Artifact and recorded address of every dead and suspected figure, in an order that mixes hosts."""
    async with database.session() as connection:
        rows = await (await connection.execute(query("list_dead_figures"))).fetchall()
    return [(row["artifact_id"], row["url"]) for row in rows]
