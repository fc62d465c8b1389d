"""One engine per store, by the lock of its database."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.fence import PostgresFence
from scidex_console.domain.errors import Held

OPTIONS: dict[str, Any] = {
    "version": "1",
    "writes": False,
    "authorization": "",
    "environment": "development",
    "at_least": 0,
}


async def test_lock_of_a_connection_that_is_just_going_is_waited_for(database: Database) -> None:
    going, coming = PostgresFence(database), PostgresFence(database)
    first = await going.acquire("1@here", **OPTIONS)
    taking = asyncio.create_task(coming.acquire("2@here", **OPTIONS))
    await asyncio.sleep(0.3)
    assert not taking.done()
    await going.release()
    assert await taking > first
    await coming.release()


async def test_lock_of_an_engine_that_stays_is_refused_with_its_name(database: Database) -> None:
    staying = PostgresFence(database)
    await staying.acquire("1@here", **OPTIONS)
    with pytest.raises(Held, match="held by 1@here since"):
        await PostgresFence(database).acquire("2@here", **OPTIONS)
    await staying.release()
