"""Cycles that were taken back and brought on again in another order than they were made are sound."""

from __future__ import annotations

import pytest

from scidex_console.domain.batches import Batch
from scidex_console.domain.jobs import JobName
from scidex_console.engine.two_stores import forward, rollback
from scidex_console.wiring.held_store import HeldStore
from scidex_console.wiring.verification import verify
from tests.engine.verification.foldered_store import engine_of
from tests.engine.verification.worked_store import ORIGIN, WorkedStore


async def _back(held: HeldStore, batch: Batch) -> Batch:
    return await rollback.roll_back(held.stores(), batch, origin=ORIGIN)


@pytest.mark.sweep
async def test_a_first_cycle_that_was_brought_on_again_late_is_still_the_first(foldered: WorkedStore) -> None:
    """Its base is the tip of then, at which the other cycles' folders were: they are none of before."""
    async with engine_of(foldered) as held:
        numbers = [row["id"] for row in foldered.sql("SELECT id FROM scidex_console.batch ORDER BY id")]
        first, *others = [batch for n in numbers if (batch := await held.journal().load(n)) is not None]
        assert first.job is JobName.FOLDERS and others
        taken_back = await _back(held, first)
        await forward.tidy(held.stores(), await rollback.redo(held.stores(), taken_back))
        for batch in reversed(others):
            await _back(held, batch)
    assert (await verify(foldered.settings)).broken == ()
