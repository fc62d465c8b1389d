"""One engine per store, by the lock of its database."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from scidex_console.adapters.postgres.database import Database
from scidex_console.adapters.postgres.fence import PostgresFence
from scidex_console.domain.errors import Held
from tests.adapters.postgres.conftest import Sql

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


async def test_letting_go_over_a_connection_that_the_server_ended_is_silent(
    database: Database, sql: Sql
) -> None:
    """Whoever takes over ends it; to be fenced is what an engine has to say then."""
    ended, coming = PostgresFence(database), PostgresFence(database)
    await ended.acquire("1@here", **OPTIONS)
    sql.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    await coming.acquire("2@here", **OPTIONS)
    await ended.release()
    row = sql.execute("SELECT holder, running FROM scidex_console.engine").fetchone()
    assert row == {"holder": "2@here", "running": True}
    await coming.release()
