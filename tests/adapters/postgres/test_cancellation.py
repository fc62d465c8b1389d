"""A task that is cancelled ends, whatever it waited for meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from scidex_console.adapters.postgres.database import Database


async def test_cancellation_that_got_lost_in_a_wait_ends_the_task_at_its_next_statement(
    database: Database,
) -> None:
    asked: list[int] = []

    async def work() -> None:
        with suppress(asyncio.CancelledError):  # as a wait for a connection does now and then
            await asyncio.sleep(60)
        while True:
            async with database.session() as connection:
                await connection.execute("SELECT 1")
                asked.append(1)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asked == []
