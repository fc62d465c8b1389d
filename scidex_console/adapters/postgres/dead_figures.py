"""Figures that are gone, or said to be."""

from __future__ import annotations

from collections.abc import Sequence

from scidex_console.adapters.postgres.database import Database, query
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.rescue import RescueTrial, RescueTry


async def dead_figures(database: Database) -> Sequence[tuple[str, str]]:
    """Artifact and recorded address of every dead and suspected figure, in an order that mixes hosts."""
    async with database.session() as connection:
        rows = await (await connection.execute(query("list_dead_figures"))).fetchall()
    return [(row["artifact_id"], row["url"]) for row in rows]


async def rescue_trial(database: Database, intent_id: int) -> RescueTrial:
    """What the engine found in the trial that an intent asked for."""
    async with database.session() as connection:
        rows = await (
            await connection.execute(query("read_rescue_trial"), {"intent_id": intent_id})
        ).fetchall()
    found = rows[0]["result"] if rows else None
    if not found:
        return RescueTrial(0, ())
    tries = (RescueTry(**{**one, "outcome": FetchClass(one["outcome"])}) for one in found["tries"])
    return RescueTrial(found["matching"], tuple(tries))
